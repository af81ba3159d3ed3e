"""Settings of the tests: the product's own, with a throw-away data folder and fixed keys."""

import os
import tempfile
from base64 import urlsafe_b64encode

os.environ.update(
    {
        "OFFBOARD_DATA": os.environ.get("TEST_DATA")
        or tempfile.mkdtemp(prefix="offboard-tests-", dir=os.environ.get("TEST_FOLDER")),
        "OFFBOARD_SECRET_KEY": "tests only, never for real use: the quick brown fox jumps over it",
        "OFFBOARD_SEALING_KEYS": urlsafe_b64encode(b"tests only, never for real use!!").decode(),
        "OFFBOARD_SIGNING_KEY": "5e3ba7c19d04f2688ab1407fe6d3952c71fd0b86ea4935d812c06f7ba35e9d40",
        "OFFBOARD_DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        "OFFBOARD_REDIS_URL": os.environ.get("TEST_REDIS_URL", ""),
        "OFFBOARD_SIMULATORS": "1",
        "OFFBOARD_HOSTS": "testserver,localhost,127.0.0.1",
        "OFFBOARD_SECOND_FACTOR": "offered",  # tests of what is required say so themselves
        "OFFBOARD_OWNER_APPROVERS": "1",
        "OFFBOARD_MANY_PLACES_APPROVERS": "1",
    }
)

from offboarding.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405  (WhiteNoise warns of a folder that is not there)
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
# A file, since engines and servers in other threads and processes open it too; nothing here must survive a power cut.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "tests.sqlite3")}  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"  # noqa: F405
else:  # and no commit is waited for until it is on the disk
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"  # noqa: F405
