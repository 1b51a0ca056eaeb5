import time, pytest
from tests.acceptance.stage import *
from tests.acceptance.conftest import *
BY="Сведения о системе: Альт Рабочая станция 10.2, x86_64\nИнформация об обновлении: обновляли вчера через apt-get dist-upgrade"
def test_x(stage):
    n=stage.ticket(INSTALL); stage.wrap=Between; stage.later(minutes=11)
    def act(*_):
        stage.customer.note(n,BY); time.sleep(1.3)
    stage.app.tracker.before["write"]=act
    stage.run()
    st=stage.app.store
    h=st.history(n); t=stage.app.tracker.read(n)
    for j in t.journals: print(j.id,j.at,j.author.role,j.notes[:30].replace("\n"," "))
    print(h)
    stage.later(minutes=20)
    s=stage.run(); print(s.as_json())
    a=stage.app.engine().assess(n,stage.now)
    for e in a.chronicle.events: print(e.index,e.at,e.role,e.steps,e.is_activity)
    print(a.chronicle.history.done, a.standing.clock, a.fields.now)
    assert 0
