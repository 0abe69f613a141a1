"""Sessions of ECS Exec: Session Manager's data channel over a WebSocket, as its clients know it.

`messages` is the format, `channel` the protocol on top of it, `connection` what joins a WebSocket to a terminal.
"""
