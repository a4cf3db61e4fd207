"""The command line: one file per subcommand, `app` lists them, `console` does the talking."""
