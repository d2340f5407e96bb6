"""The words of ccd: ids, events, commands, facts, questions and records, as frozen Structs without logic.

Every moment is an integer of microseconds of UTC (`Moment`), every length an integer of microseconds (`Length`).
"""
