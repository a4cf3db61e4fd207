"""Recurrent nets on three tasks that need a memory: do both rules learn them?"""
