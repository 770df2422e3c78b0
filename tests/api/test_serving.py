"""The server's socket."""

import socket

from api.serving import listen


def test_a_body_does_not_wait_until_the_client_says_that_the_head_has_come():
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
