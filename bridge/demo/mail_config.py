"""The configurations of the demo's Dovecot (2.3) and Postfix: loopback only, high ports, everything below one folder.

Every address of `DOMAINS` has a mailbox, except: `REFUSED` and `DEFERRED` are turned away at once, for good and for now; `GONE` is not known
and the mailbox of `FULL` is full, so mail to them is taken first, and bounces.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from bridge.demo.processes import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

DOMAINS: Final = ("vendor.test", "customer.test", "partner.test")
REFUSED: Final = "refused@customer.test"
DEFERRED: Final = "deferred@customer.test"
GONE: Final = "gone@partner.test"
FULL: Final = "full@partner.test"
MESSAGE_LIMIT: Final = 80 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the servers listen: IMAP with STARTTLS, IMAP over TLS, SMTP for the outside world, submission with STARTTLS and over TLS."""

    imap: int
    imaps: int
    smtp: int
    submission: int
    smtps: int

    @staticmethod
    def from_first(first: int) -> Ports:
        """Five in a row."""
        return Ports(*range(first, first + len(fields(Ports))))


DOVECOT: Final = """# made by bridge.demo.mailserver
protocols = imap lmtp
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/dovecot.log
listen = {loopback}
ssl = required
disable_plaintext_auth = yes
ssl_cert = <{home}/tls/server.pem
ssl_key = <{home}/tls/server.key
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/mail
mail_fsync = never
mail_max_userip_connections = 0
mail_plugins = quota
recipient_delimiter = +
postmaster_address = postmaster@vendor.test
hostname = mail.vendor.test
submission_host = {loopback}:{smtp}
passdb {{
  driver = passwd-file
  deny = yes
  args = username_format=%Lu {home}/unknown
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {home}/full
  default_fields = uid=mail gid=mail home={home}/boxes/%Ld/%Ln
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/boxes/%Ld/%Ln
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
protocol lmtp {{
  mail_plugins = $mail_plugins sieve
}}
plugin {{
  quota = count:Mailbox
  quota_vsizes = yes
  sieve = file:~/sieve;active=~/active.sieve
  sieve_extensions = +vacation-seconds
  sieve_vacation_min_period = 0
  sieve_vacation_dont_check_recipient = yes
}}
"""

POSTFIX_MAIN: Final = """# made by bridge.demo.mailserver
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/postfix.log
maillog_file_prefixes = {home}
inet_interfaces = {loopback}
inet_protocols = ipv4
myhostname = mail.vendor.test
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps =
virtual_transport = lmtp:unix:{home}/run/lmtp
default_transport = error:5.4.4 nothing leaves this machine
relay_transport = error:5.4.4 nothing leaves this machine
local_transport = error:5.1.1 no local users
disable_dns_lookups = yes
smtpd_peername_lookup = no
recipient_delimiter = +
message_size_limit = {message_limit}
mailbox_size_limit = 0
header_size_limit = 8000000
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
in_flow_delay = 0
notify_classes =
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ {refused} = 550 5.1.1 no such person here }},
    {{ {deferred} = 451 4.2.1 come again later }} }}
smtpd_sasl_type = dovecot
smtpd_sasl_path = {home}/run/auth-postfix
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {home}/tls/server.key, {home}/tls/server.pem
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
"""

POSTFIX_MASTER: Final = """# made by bridge.demo.mailserver
{loopback}:{smtp} inet n - n - - smtpd -o smtpd_tls_security_level=none
{loopback}:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes
{loopback}:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_sasl_auth_enable=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def texts(home: Path, ports: Ports, password: str) -> dict[str, str]:
    """The configuration files by their paths below `home`."""
    values = {field.name: getattr(ports, field.name) for field in fields(Ports)}
    words = {"home": home, "password": password, "loopback": LOOPBACK, "domains": " ".join(DOMAINS)}
    limits = {"message_limit": MESSAGE_LIMIT, "refused": REFUSED, "deferred": DEFERRED}
    files = {"dovecot.conf": DOVECOT, "postfix/main.cf": POSTFIX_MAIN, "postfix/master.cf": POSTFIX_MASTER}
    lists = {"unknown": f"{GONE}:\n", "full": f"{FULL}:::::::userdb_quota_rule=*:bytes=1\n"}
    return {name: text.format(**values, **words, **limits) for name, text in files.items()} | lists
