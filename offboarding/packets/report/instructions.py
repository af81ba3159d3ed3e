"""How to check a packet with ordinary tools: the same words in VERIFY.txt and in the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command to type, and what its answer says."""

    run: str
    says: str


def commands(name: str, stamped: bool = False) -> tuple[Command, ...]:
    """The commands for the packet `name`, in the order in which they are typed. Each works without a network."""
    ledger = f"{name}/data/ledger"
    stamp = Command(
        f"openssl ts -verify -data {ledger}/stamped.json -in {ledger}/stamped.tsr -CAfile {ledger}/time-stamp-ca.pem",
        '"Verification: OK" says that a time stamping authority saw the signed checkpoint. Take the file of the last '
        "option from the authority, not from the packet, if you do not trust who gave you the packet.",
    )
    return (
        Command(
            f"sha256sum -c {name}.zip.sha256",
            f'"{name}.zip: OK" says that not one byte of the bag differs from the line.',
        ),
        Command(
            f"openssl pkeyutl -verify -pubin -inkey signing-key.pem -rawin "
            f"-in {name}.zip.sha256 -sigfile {name}.zip.sha256.sig",
            '"Signature Verified Successfully" says that the holder of the key signed that line. Needs OpenSSL 3.',
        ),
        Command(
            f"unzip {name}.zip",
            "Unpacks the bag: the report, the data, the evidence and the ledger entries.",
        ),
        Command(
            f"bagit.py --validate {name}",
            'The program is in the Python package "bagit". It says whether a file was changed, dropped or added.',
        ),
        *([stamp] if stamped else ()),
        Command(
            f"python3 verify.py {name}-packet.zip",
            "Does all of this at once and checks the plan, the approvals and the ledger too. It needs nothing but "
            "Python 3.8 or newer, and it unpacks nothing.",
        ),
    )


def verify_text(name: str, key_id: str, stamped: bool = False) -> str:
    """The text of VERIFY.txt."""
    numbered = enumerate(commands(name, stamped), start=1)
    steps = "\n".join(f"{number}. {_step(command)}" for number, command in numbered)
    return _TEXT.format(name=name, key_id=key_id, steps=steps) + (_STAMP.format(name=name) if stamped else "")


def _step(command: Command) -> str:
    return f"{command.says}\n\n       {command.run}\n"


_TEXT = """How to check packet {name}

{name}-packet.zip holds these files:

  {name}.zip             the bag (BagIt 1.0): report, data, evidence, ledger entries
  {name}.zip.sha256      one line with the SHA-256 of the bag
  {name}.zip.sha256.sig  the signature over that line (Ed25519, 64 bytes)
  signing-key.pem        the public key that made the signature
  verify.py              a program that checks everything
  VERIFY.txt             this text

Unpack it into an empty folder (unzip {name}-packet.zip) and type the commands there. Nothing is sent anywhere.

{steps}
Whose key is it

  The fingerprint of the key is {key_id}: the first 16 digits of the SHA-256 of its 32 raw bytes. A key that
  travels with a packet proves that the packet is whole, not who made it. So compare the fingerprint with the one
  that you were given in another way, or let the program do it:

       python3 verify.py --key-id FINGERPRINT {name}-packet.zip

  This prints the fingerprint of the key at hand:

       openssl pkey -pubin -in signing-key.pem -outform DER | tail -c 32 | sha256sum | cut -c 1-16

What fits together inside the bag

  data/plan.json               its SHA-256 is the fingerprint that each approval carries
  data/approvals.json          who decided, when, how they proved who they are, and what they confirmed
  data/removal.json            the record: places, times, credentials, checks, exceptions, list of evidence
  data/runs.json               every call to a remote system, with secrets masked
  data/findings.json           what each check saw
  data/evidence/               the files as they were captured
  data/ledger/entries.jsonl    one ledger entry a line; the SHA-256 of a line is the hash of the entry, and
                               entries that follow each other name the hash of the one before
  data/ledger/proofs.json      inclusion proofs (RFC 6962) of these entries under the checkpoint, and the names that
                               stand in the entries as salted digests
  data/ledger/checkpoint.json  the signed statement about the whole ledger at the time of sealing
"""

_STAMP = """  data/ledger/stamped.json     this statement with its signature, as it was sent to the time stamping authority
  data/ledger/stamped.tsr      what the authority answered (RFC 3161); this prints the time that it tells:

       openssl ts -reply -in {name}/data/ledger/stamped.tsr -text

  data/ledger/time-stamp-ca.pem  the certificates under which the stamp counted. When they are over, add
                               "-attime SECONDS" to the command above, with the stamped time in seconds since 1970
"""
