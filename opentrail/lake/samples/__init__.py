"""Sample queries of our own, and how they are found: SQL files, each sample with its name and what it tells.

-- Name
-- Description.
-- store: Insight          (the category of the event data store; CloudTrail events where nothing is said)
SELECT .. FROM $EDS_ID     (up to the next empty line)
"""
