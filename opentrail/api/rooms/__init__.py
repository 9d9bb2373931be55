"""The rooms: one module per group of operations; a room reads its question, calls one service, shapes the answer."""
