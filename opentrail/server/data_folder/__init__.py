"""The data folder: where everything lies in it, who may read it, who owns it, how long it keeps events."""

from opentrail.server.data_folder.layout import DataFolder

__all__ = ["DataFolder"]
