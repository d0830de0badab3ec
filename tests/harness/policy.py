"""Policy services for tests: one that answers as it is told, and one that starts a program for each connection, as
Postfix's spawn(8) does for policyd-spf."""
import os
import socket
import subprocess
import threading


class Service:
    """Listens at a port of its own or at a path; answer(attributes) gives the action, None: says nothing."""

    def __init__(self, answer, path=None, port=0):
        self.answer, self.asked, self.path = answer, [], path
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(path or ("127.0.0.1", port))
        if path:
            os.chmod(path, 0o666)
        self.listener.listen(64)
        self.address = f"unix:{path}" if path else "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.connections = []
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(conn)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            self.talk(conn)
        except OSError:
            pass  # the other side has gone

    def talk(self, conn):
        with conn, conn.makefile("rwb") as f:
            attributes = {}
            for line in f:
                if line != b"\n":
                    name, _, value = line.decode().rstrip("\n").partition("=")
                    attributes[name] = value
                    continue
                self.asked.append(attributes)
                action = self.answer(attributes)
                attributes = {}
                if action is None:
                    continue
                f.write(action if isinstance(action, bytes) else f"action={action}\n\n".encode())
                f.flush()

    def drop_connections(self):
        for c in self.connections:
            try:
                c.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def destroy(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.drop_connections()
        if self.path and os.path.exists(self.path):
            os.unlink(self.path)


class Spawn(Service):
    """A program for each connection, with it as standard input and output."""

    def __init__(self, argv, path=None):
        self.argv, self.children = argv, []
        super().__init__(None, path)

    def serve(self, conn):
        with conn:
            self.children.append(subprocess.Popen(self.argv, stdin=conn, stdout=conn))

    def destroy(self):
        super().destroy()
        for child in self.children:
            child.kill()
            child.wait(10)
