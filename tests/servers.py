"""A server on this machine, for as long as a test asks it."""

import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Say nothing of clients that went away: who asks twice takes one answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handler, **known):
    """Have a handler answer until the end; give the server, which has its `url`.

    Args:
        handler: Class of the handler, or what makes one.
        known: What handlers find on their `self.server`.
    """
    with _Server(("127.0.0.1", 0), handler) as server:
        vars(server).update(known, url=f"http://127.0.0.1:{server.server_port}")
        serve = partial(server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
