import time
import pytest
from tests.acceptance.stage import *
pytestmark = pytest.mark.redmine
def test_play(stage):
    t=time.time
    a=t(); n=stage.ticket(INSTALL); q=stage.ticket(QUESTION); b=stage.ticket(BOUGHT); print('open',t()-a)
    stage.later(minutes=11)
    for i in range(3):
        a=t(); s=stage.run(); print(s.as_json(), t()-a)
        stage.later(minutes=1)
    for x in (n,q,b):
        print(stage.said(x), stage.status(x)); print('\n---\n'.join(stage.notes(x)))
        for m in stage.mails(x): print(m.recipients, m.subject)
    print(stage.reports)
