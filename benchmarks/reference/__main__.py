"""``python -m benchmarks.reference``: writes docs/commands.md and docs/api.md anew."""

from benchmarks.reference import DOCS, PAGES, text_of

if __name__ == "__main__":
    for page in PAGES:
        (DOCS / page).write_text(text_of(page), encoding="utf-8")
