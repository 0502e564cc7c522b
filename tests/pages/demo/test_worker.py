"""One thread for the model: in order, one at a time, and a limit to how long the line may be."""

import threading
import time

import pytest

from genlab.pages.demo.refused import Refused
from genlab.pages.demo.worker import Worker


def asked(worker, questions):
    answers = {}

    def ask(number):
        answers[number] = worker(questions[number])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return answers


def test_twenty_at_once_are_each_answered_by_one_thread_one_at_a_time():
    inside, most, names = [], [], set()

    def question(number):
        def answer():
            inside.append(number)
            most.append(len(inside))
            names.add(threading.current_thread().name)
            time.sleep(0.001)
            inside.remove(number)
            return number

        return answer

    assert asked(Worker(), [question(n) for n in range(20)]) == {n: n for n in range(20)}
    assert max(most) == 1
    assert names == {"model"}


def test_what_a_question_raises_reaches_who_asked_and_nobody_else():
    worker = Worker()
    with pytest.raises(ZeroDivisionError):
        worker(lambda: 1 // 0)
    assert worker(lambda: 3) == 3


def test_a_long_line_is_refused_and_a_question_given_up_is_never_worked_on():
    worker, go, done = Worker(waiting=1, patience=0.2), threading.Event(), []
    blocked = threading.Thread(target=lambda: pytest.raises(Refused, worker, lambda: go.wait(10)))
    blocked.start()
    while worker.questions.qsize():
        time.sleep(0.001)
    time.sleep(0.05)
    waiting = threading.Thread(target=lambda: pytest.raises(Refused, worker, lambda: done.append(1)))
    waiting.start()
    while not worker.questions.full():
        time.sleep(0.001)
    with pytest.raises(Refused) as caught:
        worker(lambda: done.append(2))
    assert caught.value.status == 503
    blocked.join(10)
    waiting.join(10)
    go.set()
    assert worker.end(10)
    assert done == []


def test_the_end_waits_for_the_answer_in_hand_and_gives_up_the_others():
    worker, begun, go, told = Worker(), threading.Event(), threading.Event(), {}

    def ask(name, question):
        try:
            told[name] = worker(question)
        except Refused as error:
            told[name] = error.status

    first = threading.Thread(target=ask, args=("first", lambda: begun.set() or go.wait(10)))
    second = threading.Thread(target=ask, args=("second", lambda: True))
    first.start()
    begun.wait(10)
    second.start()
    while not worker.questions.qsize():
        time.sleep(0.001)
    assert not worker.end(0.05)
    go.set()
    for thread in (first, second):
        thread.join(10)
    assert told == {"first": True, "second": 503}
    worker.thread.join(10)
    assert not worker.thread.is_alive()
