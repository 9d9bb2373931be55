"""Keys that were learned before owners were kept have theirs after the migration."""

import sqlite3

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from opentrail.accounts.principal import assumed_role, iam_user, root
from opentrail.catalog.database import open_catalog


def test_keys_that_were_there_get_their_owner(tmp_path):
    path = tmp_path / "catalog.db"
    config = Config()
    config.set_main_option("script_location", "opentrail.catalog:migrations")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for key_id, principal in (
            ("AKIAUSER", iam_user("111122223333", "dana", "AIDADANA")),
            ("ASIAROLE", assumed_role("arn:aws:iam::111122223333:role/p/deployer", "AROA", "s", 1)),
            ("AKIAROOT", root("111122223333")),
        ):
            connection.exec_driver_sql(
                "INSERT INTO access_keys VALUES (?, '111122223333', ?, x'00', 'Active', NULL, 1)",
                (key_id, msgspec.json.encode(principal)),
            )
    engine.dispose()
    open_catalog(tmp_path).dispose()
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT access_key_id, owner_kind, owner_name FROM access_keys").fetchall()
    connection.close()
    assert set(found) == {("AKIAUSER", "user", "dana"), ("ASIAROLE", "role", "deployer"), ("AKIAROOT", "", "")}
