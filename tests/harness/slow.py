"""A way to a server of TCP that takes as long as it is told."""
import socket
import threading
import time


class Slow:
    """Listens at .port; what the server says arrives .delay seconds later, which may change at any time."""

    def __init__(self, port, delay=0.0):
        self.to, self.delay = port, delay
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            for a, b, is_slow in ((near, far, False), (far, near, True)):
                threading.Thread(target=self.pump, args=(a, b, is_slow), daemon=True).start()

    def pump(self, a, b, is_slow):
        try:
            while data := a.recv(65536):
                if is_slow:
                    time.sleep(self.delay)  # the network's time, not a test's
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def destroy(self):
        self.listener.close()
