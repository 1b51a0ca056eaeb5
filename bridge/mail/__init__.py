"""The mail channel: what comes in becomes tickets and notes, public notes go out as answers; over the same engine and rules as the cabinet."""
