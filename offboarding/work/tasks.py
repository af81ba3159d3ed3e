from celery import shared_task

from offboarding.work import desks


@shared_task(name="offboarding.work.tasks.look", ignore_result=True)
def look(kind: str, pk: int) -> None:
    desks.look(kind, pk)
