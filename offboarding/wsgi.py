import os
import sys

from django.core.wsgi import get_wsgi_application

from offboarding.env import WrongSetting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "offboarding.settings")
try:
    application = get_wsgi_application()
    from offboarding.work.starting import settle, why_not

    if lacks := why_not():
        raise WrongSetting(lacks)
    settle()
except WrongSetting as error:
    sys.stderr.write(f"Offboard cannot start.\n{error}\n")
    sys.exit(3)  # gunicorn then stops as a whole, instead of starting workers for ever
