"""Validation: whether a bucket or folder still holds every log file that its signed digests vouch for, unchanged.

`validation.py` runs it: `discovery` finds the digests, `digest_reading` judges each one alone, `chain` judges how they
follow one upon the other, `log_files` judges what they name, `orphans` finds what none of them names. `findings` has
every verdict with its wording. Nothing is written anywhere.
"""
