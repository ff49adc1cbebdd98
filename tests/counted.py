"""Servers of the tests: what they were asked, and what goes wrong with it."""


class Counted:
    """Of a server's state with `requests`, `faults` and a `lock`."""

    def asked(self, what):
        """Count the requests to addresses that hold this."""
        return sum(n for path, n in self.requests.items() if what in path)

    def fault_of(self, path):
        """Count a request; give the fault that meets it."""
        with self.lock:
            self.requests[path] += 1
            count = self.requests[path]
        found = [fault(path, count) for fault in self.faults]
        return next((fault for fault in found if fault), None)
