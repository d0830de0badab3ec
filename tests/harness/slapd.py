"""OpenLDAP's server with a directory, a port and certificates of its own, on loopback only."""
import os
import subprocess

from .peers import program
from .process import Process, free_port, wait_for_port

CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {d}/slapd.pid
argsfile {d}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
{tls}
database mdb
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw secret-of-root
directory {d}/data
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=abide,dc=example,dc=org" read by anonymous auth by * none
"""

ENTRIES = """
dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: example
dc: example

dn: cn=abide,dc=example,dc=org
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: abide
userPassword: secret-of-abide

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people
"""

PERSON = """
dn: uid={uid},ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: {uid}
mail: {uid}@example.org
userPassword: password-of-{uid}
{more}
"""


class Slapd:
    """start(), kill(), and so on: what an administrator's bad day brings."""

    def __init__(self, directory, people=(), tls=False):
        self.directory = os.path.join(directory, "slapd")
        os.makedirs(os.path.join(self.directory, "data"))
        self.port, self.tls_port = free_port(), free_port()
        self.ca = None
        if tls:
            self.make_certificate()
        conf = os.path.join(self.directory, "slapd.conf")
        with open(conf, "w") as f:
            f.write(CONF.format(d=self.directory, tls=self.tls_conf()))
        entries = ENTRIES + "".join(
            PERSON.format(uid=uid, more=more) for uid, more in dict(people).items())
        subprocess.run([program("slapadd"), "-f", conf], input=entries.encode(), check=True,
                       capture_output=True, timeout=60)
        self.conf, self.process = conf, None
        self.password = os.path.join(self.directory, "password")
        self.set_password("secret-of-abide")
        os.chmod(self.directory, 0o755)

    def set_password(self, text):
        with open(self.password, "w") as f:
            f.write(text + "\n")
        os.chmod(self.password, 0o644)

    def make_certificate(self):
        self.ca = os.path.join(self.directory, "cert.pem")
        subprocess.run([program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", os.path.join(self.directory, "key.pem"), "-out", self.ca],
                       check=True, capture_output=True, timeout=60)

    def tls_conf(self):
        if not self.ca:
            return ""
        return (f"TLSCertificateFile {self.ca}\nTLSCACertificateFile {self.ca}\n"
                f"TLSCertificateKeyFile {self.directory}/key.pem")

    def start(self):
        urls = f"ldap://127.0.0.1:{self.port}/" + (f" ldaps://127.0.0.1:{self.tls_port}/" if self.ca else "")
        self.process = Process([program("slapd"), "-f", self.conf, "-h", urls, "-d", "0"], "slapd",
                               parse_err=lambda line: None)
        wait_for_port(self.port)
        return self

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        self.process.destroy()

    def destroy(self):
        if self.process:
            self.process.destroy()

    def map(self, name="people", more="", tls=None):
        """The section of the configuration that asks it."""
        server = f"ldaps://127.0.0.1:{self.tls_port}" if tls == "ldaps" else f"ldap://127.0.0.1:{self.port}"
        extra = f'ca = "{self.ca}" ' if self.ca and tls else ""
        extra += "starttls = yes " if tls == "starttls" else ""
        return (f'map "{name}" {{ type = ldap servers = {{"{server}"}} base = "dc=example,dc=org" '
                f'bind = "cn=abide,dc=example,dc=org" password_file = "{self.password}" {extra}{more} }}\n')
