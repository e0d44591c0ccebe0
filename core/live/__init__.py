"""An answer that is still being written: cutting it into pages, pacing its edits, delivering it."""
