"""Cutting quotations, signatures and banners: what people wrote stays, in every mail program's manner."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import attributions, quotes, signatures
from bridge.core.quotes import cut

OWN = "Спасибо, помогло. А как быть с принтером?"


def case(text: str, kept: str, why: str) -> object:
    """A mail, what is left of it, and why."""
    return pytest.param(text.strip("\n"), kept.strip("\n"), id=why)


MARKED = [
    case(
        f"{OWN}\n\nOn Mon, Nov 23, 2026 at 10:15 AM Support <presale@example.org> wrote:\n\n> Попробуйте обновить систему.\n> Напишите, что вышло.",
        OWN,
        "Gmail in English: introduction and quotation go",
    ),
    case(
        f"{OWN}\n\nпн, 23 нояб. 2026 г. в 10:15, Поддержка <presale@example.org>:\n\n> Попробуйте обновить систему.",
        OWN,
        "Gmail in Russian has no verb in its introduction",
    ),
    case(
        f"{OWN}\n\nпн, 23 нояб. 2026 г. в 10:15, Поддержка пресейл\n<presale@example.org>:\n\n> Попробуйте обновить систему.",
        OWN,
        "Gmail breaks a long introduction over two lines",
    ),
    case(
        f"{OWN}\n\n23.11.2026 10:15, Поддержка пишет:\n> Попробуйте обновить систему.",
        OWN,
        "Thunderbird in Russian",
    ),
    case(
        f"{OWN}\n\nOn 23.11.2026 10:15, Support wrote:\n> Try an update.\n>\n> Regards",
        OWN,
        "Thunderbird in English, the quotation with an empty line in it",
    ),
    case(
        f"{OWN}\n\n> 23 нояб. 2026 г., в 10:15, Поддержка <presale@example.org> написал(а):\n> \n> Попробуйте обновить систему.",
        OWN,
        "Apple Mail in Russian marks its introduction too",
    ),
    case(
        f"{OWN}\n\n> On 23 Nov 2026, at 10:15, Support <presale@example.org> wrote:\n> \n> Try an update.",
        OWN,
        "Apple Mail in English",
    ),
    case(
        f"{OWN}\n\nОтправлено с iPhone\n\n> 23 нояб. 2026 г., в 10:15, Поддержка <presale@example.org> написал(а):\n> \n> Попробуйте.",
        OWN,
        "iOS puts its advertisement between one's words and the quotation",
    ),
    case(
        f'{OWN}\n\n23.11.2026, 10:15, "Поддержка" <presale@example.org>:\n> Попробуйте обновить систему.',
        OWN,
        "Yandex: date, name in quotation marks, address",
    ),
    case(
        f"{OWN}\n\nПонедельник, 23 ноября 2026, 10:15 +03:00 от Поддержка <presale@example.org>:\n>Попробуйте обновить систему.\n>",
        OWN,
        "Mail.ru begins with the weekday and marks without a space",
    ),
    case(
        f"Здравствуйте, Иван.\n\nВы писали 23 ноября 2026 г., 10:15:51:\n\n> Попробуйте обновить систему.\n\n{OWN}",
        f"Здравствуйте, Иван.\n\n{OWN}",
        "The Bat! greets, quotes and answers below",
    ),
    case(
        f"Здравствуйте.\n\nВы писали 23 ноября 2026 г., 10:15:51:\n\nИИ> Попробуйте обновить систему.\nИИ> Напишите, что вышло.\n\n{OWN}",
        f"Здравствуйте.\n\n{OWN}",
        "The Bat! marks with the writer's initials",
    ),
    case(
        f"Monday, November 23, 2026, 10:15:00 AM, you wrote:\n\nII> Try an update.\n\n{OWN}",
        OWN,
        "The Bat! in English",
    ),
    case(
        f"On Mon, 23 Nov 2026 10:15:00 +0300\nSupport <presale@example.org> wrote:\n\n> Try an update.\n\n{OWN}",
        OWN,
        "Claws and Sylpheed put the name on the second line; the answer stands below",
    ),
    case(
        f"В письме от 23 ноября 2026 10:15:00 пользователь Поддержка написал:\n> Попробуйте обновить систему.\n\n{OWN}",
        OWN,
        "KMail in Russian",
    ),
    case(
        f"{OWN}\n\nAm 23.11.26 um 10:15 schrieb Support:\n> Versuchen Sie es.",
        OWN,
        "Thunderbird in German",
    ),
    case(
        f"{OWN}\n\nLe lun. 23 nov. 2026 à 10:15, Support <presale@example.org> a écrit :\n> Essayez.",
        OWN,
        "Gmail in French puts a space before the colon",
    ),
    case(
        f"{OWN}\n\n> > первое письмо\n> ответ на него",
        OWN,
        "A quotation without an introduction",
    ),
    case(
        f"> Попробуйте обновить систему.\n\n{OWN}",
        OWN,
        "The answer below one quotation: what is asked there is not what it answers",
    ),
    case(
        f"{OWN}\n\n   > Попробуйте обновить систему.",
        OWN,
        "A mark that was indented on the way",
    ),
    case(
        f"{OWN}\n\n23.11.2026 10:15, Поддержка пишет:\n> Попробуйте обновить систему.\n\nС уважением,\nИван Петров",
        OWN,
        "A signature below the quotation is no answer to it",
    ),
]

UNMARKED = [
    case(
        f"{OWN}\n\n-----Исходное сообщение-----\nОт: Поддержка\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nПопробуйте.",
        OWN,
        "Outlook in Russian, the old way",
    ),
    case(
        f"{OWN}\n\n-----Original Message-----\nFrom: Support\nSent: Monday, November 23, 2026 10:15\nTo: Ivan\nSubject: RE: Print\n\nTry it.",
        OWN,
        "Outlook in English, the old way",
    ),
    case(
        f"{OWN}\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван <ivan@example.com>\nТема: RE: Печать\n\nПопробуйте.",
        OWN,
        "Outlook today: a block of headers, no line above it",
    ),
    case(
        f"{OWN}\n\n________________________________\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nПопробуйте.",
        OWN,
        "Outlook on the web draws a line above the block",
    ),
    case(
        f"{OWN}\n\nFrom: Support <presale@example.org>\nDate: Monday, 23 November 2026 at 10:15\nTo: Ivan <ivan@example.com>\nSubject: Re: Print\n\nTry it.",
        OWN,
        "Outlook on a Mac says Date, not Sent",
    ),
    case(
        f"{OWN}\n\n*From:* Support <presale@example.org>\n*Sent:* Monday, November 23, 2026 10:15\n*To:* Ivan\n*Subject:* RE: Print\n\nTry it.",
        OWN,
        "The same block out of HTML, with its bold type as stars",
    ),
    case(
        f"{OWN}\n\nОт: Поддержка\n\nОтправлено: 23 ноября 2026 г. 10:15\n\nКому: Иван\n\nТема: RE: Печать\n\nПопробуйте.",
        OWN,
        "The same block with an empty line after each of its lines",
    ),
    case(
        f"{OWN}\n\nПонедельник, 23 ноября 2026, 10:15 +03:00 от Поддержка <presale@example.org>:\n\nПопробуйте обновить систему.",
        OWN,
        "Mail.ru in HTML: the quotation has lost its marks",
    ),
    case(
        f'{OWN}\n\n23.11.2026, 10:15, "Поддержка" <presale@example.org>:\nПопробуйте обновить систему.',
        OWN,
        "Yandex in HTML",
    ),
    case(
        f"{OWN}\n\n23.11.2026 10:15, Иван Петров пишет:\nПопробуйте обновить систему.",
        OWN,
        "A date, a time, two names and a verb introduce a quotation even without marks",
    ),
    case(
        f"{OWN}\n\nOn Mon, Nov 23, 2026 at 10:15 AM Support <presale@example.org> wrote:\nTry an update.",
        OWN,
        "Gmail as text of HTML without its blockquote",
    ),
    case(
        f"{OWN}\n--\nОтправлено из Mail.ru для Android\nпонедельник, 23 ноября 2026г., 10:15 +03:00 от presale@example.org:\n\nПопробуйте.",
        OWN,
        "Mail.ru for Android",
    ),
    case(
        f"{OWN}\n\n-------- Исходное сообщение --------\nОт: Поддержка <presale@example.org>\nДата: 23.11.2026 10:15 (GMT+03:00)\nКому: Иван\nТема: Печать\n\nПопробуйте.",
        OWN,
        "Samsung's mail program",
    ),
    case(
        f"{OWN}\n\nОт:     Поддержка/Вендор\nКому:   Иван/Заказчик@Заказчик,\nДата:   23.11.2026 10:15\nТема:   Re: Печать\n\nПопробуйте.",
        OWN,
        "Lotus Notes aligns its block with spaces",
    ),
    case(
        f"{OWN}\n\n-----Support wrote: -----\nTo: Ivan\nTry it.",
        OWN,
        "Lotus Notes in English",
    ),
    case(
        f"{OWN}\n\n23.11.2026 10:15, presale@example.org пишет:\n\nПопробуйте обновить систему.",
        OWN,
        "Rambler: date, address, verb",
    ),
    case(
        f"{OWN}\n\n---- On Mon, 23 Nov 2026 10:15:00 +0300 Support wrote ----\nTry it.",
        OWN,
        "Zoho draws lines around its introduction",
    ),
    case(
        f"{OWN}\n\n>>> Поддержка <presale@example.org> 23.11.2026 10:15 >>>\nПопробуйте.",
        OWN,
        "GroupWise puts its introduction between marks and marks nothing below",
    ),
    case(
        f"{OWN}\n\n-----Исходное сообщение-----\nОт: Поддержка\nКому: Иван\nТема: RE: FW: Печать\n\nПопробуйте.\n\n---------- Forwarded message ---------\nНе печатает.",
        OWN,
        "An original in which something was forwarded once",
    ),
]

KEPT = [
    case(
        "---------- Forwarded message ---------\nFrom: Pavel <p@example.com>\nDate: Mon, Nov 23, 2026\nSubject: Вопрос\nTo: <ivan@example.com>\n\nНе ставится.",
        "---------- Forwarded message ---------\nFrom: Pavel <p@example.com>\nDate: Mon, Nov 23, 2026\nSubject: Вопрос\nTo: <ivan@example.com>\n\nНе ставится.",
        "A forwarded mail is what the sender wants to show us",
    ),
    case(
        'Коллеги, посмотрите.\n\n-------- Пересылаемое сообщение --------\n23.11.2026, 10:15, "Павел" <p@example.com>:\n\nНе ставится.\n-------- Конец пересылаемого сообщения --------',
        'Коллеги, посмотрите.\n\n-------- Пересылаемое сообщение --------\n23.11.2026, 10:15, "Павел" <p@example.com>:\n\nНе ставится.\n-------- Конец пересылаемого сообщения --------',
        "Yandex forwards: what looks like an introduction belongs to it",
    ),
    case(
        "> Попробуйте обновить систему.",
        "> Попробуйте обновить систему.",
        "Nothing but a quotation: it stays, for people to see what came",
    ),
    case(
        "От: ООО «Ромашка»\nНам нужна консультация по выбору дистрибутива.",
        "От: ООО «Ромашка»\nНам нужна консультация по выбору дистрибутива.",
        "«От:» alone is no block of headers",
    ),
    case(
        "После обновления 23.11.2026 в 10:15 установщик пишет:\nerror: no such device\nЧто делать?",
        "После обновления 23.11.2026 в 10:15 установщик пишет:\nerror: no such device\nЧто делать?",
        "A program that writes something is no correspondent",
    ),
    case(
        "Заказчик пишет:\nНе устанавливается на сервер.\nЧто ему ответить?",
        "Заказчик пишет:\nНе устанавливается на сервер.\nЧто ему ответить?",
        "Somebody's words, retold, without date and address",
    ),
    case(
        "23.11.2026 мы отправили с адреса ivan@example.com письмо:\nв нём описана схема.",
        "23.11.2026 мы отправили с адреса ivan@example.com письмо:\nв нём описана схема.",
        "A date and an address in a sentence are no introduction",
    ),
    case(
        "Выполнил в консоли:\nSQL> select * from v$version;\nи получил ошибку.",
        "Выполнил в консоли:\nSQL> select * from v$version;\nи получил ошибку.",
        "A prompt is not The Bat!'s initials",
    ),
    case(
        "Лог:\n-----\nстрока 1\n-----\nПосмотрите, пожалуйста.",
        "Лог:\n-----\nстрока 1\n-----\nПосмотрите, пожалуйста.",
        "Lines drawn by hand are neither a signature nor an original",
    ),
    case(
        "С уважением отношусь к вашему продукту, но он не ставится.\nПочему?",
        "С уважением отношусь к вашему продукту, но он не ставится.\nПочему?",
        "«С уважением» that begins a sentence is no signature",
    ),
    case(
        "Отправлено с сервера резервное копирование, но не дошло.",
        "Отправлено с сервера резервное копирование, но не дошло.",
        "«Отправлено с» in a sentence of one's own",
    ),
    case("10.2", "10.2", "A number alone is an answer"),
    case("С уважением,\nИван Петров", "С уважением,\nИван Петров", "Only a signature: it stays"),
    case(
        "Скажите:\n- есть ли сертификат;\n- сколько стоит.\nСпасибо!",
        "Скажите:\n- есть ли сертификат;\n- сколько стоит.\nСпасибо!",
        "A list with dashes is no signature",
    ),
    case(
        "Это письмо конфиденциально? Подскажите, как шифровать почту.",
        "Это письмо конфиденциально? Подскажите, как шифровать почту.",
        "A question about confidentiality is no banner",
    ),
    case(
        "От: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "От: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "Nothing but somebody else's mail under its headers: one passed on without a word",
    ),
    case(
        "CAUTION: This email originated from outside of the organization.\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "CAUTION: This email originated from outside of the organization.\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "The same under a gateway's banner",
    ),
    case(
        "Ответы ниже красным.\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\n1. Какая система? Альт 10.2",
        "Ответы ниже красным.\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\n1. Какая система? Альт 10.2",
        "Answers that stand inside an original without marks",
    ),
    case(
        "Пересылаю вопрос коллеги:\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "Пересылаю вопрос коллеги:\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nНе печатает.",
        "A mail passed on with a word, but without saying so in the subject",
    ),
    case(
        "Не обновляется.\n-------------\nERROR: no route to https://update.example.org\nretry 3\n-------------",
        "Не обновляется.\n-------------\nERROR: no route to https://update.example.org\nretry 3\n-------------",
        "Lines drawn around a log",
    ),
    case(
        "Нужны:\n_______\nСервер Виртуализации 5 шт\nРабочая Станция 10 шт, www.example.com",
        "Нужны:\n_______\nСервер Виртуализации 5 шт\nРабочая Станция 10 шт, www.example.com",
        "A line drawn above a list",
    ),
    case(
        "Заявка.\n=====\nИван Петров\n+7 495 000-00-00\n=====\nНужна помощь по миграции ста компьютеров",
        "Заявка.\n=====\nИван Петров\n+7 495 000-00-00\n=====\nНужна помощь по миграции ста компьютеров",
        "Contacts between two lines, words below them",
    ),
    case(
        "Добрый день!\n--\nПодскажите, какая версия подойдёт для Эльбруса",
        "Добрый день!\n--\nПодскажите, какая версия подойдёт для Эльбруса",
        "Two hyphens drawn as a line",
    ),
    case(
        "Вопрос.\n\n--\nИван\n\nИ ещё: когда выйдет следующая версия?",
        "Вопрос.\n\n--\nИван\n\nИ ещё: когда выйдет следующая версия?",
        "A question below the mark of a signature",
    ),
    case(
        "Внимание! Нужна помощь с внешним диском.\n\nОн не монтируется.",
        "Внимание! Нужна помощь с внешним диском.\n\nОн не монтируется.",
        "Attention to an external disk is no gateway's banner",
    ),
    case(
        "Warning: external disk is not found.\n\nWhat can be done?",
        "Warning: external disk is not found.\n\nWhat can be done?",
        "The same in English",
    ),
    case(
        "Добрый день.\n\nКонфиденциальность данных: как шифровать диск при установке?",
        "Добрый день.\n\nКонфиденциальность данных: как шифровать диск при установке?",
        "A question about confidentiality",
    ),
    case(
        "Итак:\n--\n1. Сколько стоит\n2. Какие сроки\n--\nЖдём.",
        "Итак:\n--\n1. Сколько стоит\n2. Какие сроки\n--\nЖдём.",
        "A list between two hyphens",
    ),
    case(
        "Не поднимается интерфейс\nbr\nip link show",
        "Не поднимается интерфейс\nbr\nip link show",
        "A short word that is no closing",
    ),
    case(
        "Конфигурация:\n\n-- \neth0\neth1",
        "Конфигурация:\n\n--\neth0\neth1",
        "The standard mark above what was announced",
    ),
    *(
        pytest.param(text, text, id=why)
        for text, why in (
            (
                "Здравствуйте!\n\nНам нужна сертифицированная ОС: обрабатывается информация ограниченного доступа, в том числе конфиденциальная.",
                "Confidential information that is processed",
            ),
            (
                "Hello!\n\nThe information we process is confidential, so we need a certified system. Please send prices.",
                "The same in English",
            ),
            (
                "Какой дистрибутив подойдёт.\n\nУ нас обрабатывается информация, предназначенная только для служебного пользования.",
                "Information for official use below one's question",
            ),
            (
                "It stops.\n\nThe message says the disk is encrypted and privileged mode is required.",
                "A program's message that speaks of privileges",
            ),
            (
                "Вопрос.\n\nПеред тем как отправить документ на печать, система зависает.",
                "What happens before something is printed",
            ),
            (
                "Hello, all.\n\nPlease think about support of the printing subsystem before printing of our forms starts.",
                "Printing that somebody plans",
            ),
            ("Вопрос про почту.\n\nПисьмо не проверяется на вирусы на сервере.", "A mail that is not scanned"),
            (
                "A word on orders.\n\nIf you have received our order in error, please tell us. If you are not the intended distributor, forward it.",
                "An order received in error",
            ),
            (
                "Добрый день!\n\nЭто письмо конфиденциально, прошу никому его не показывать.",
                "What would leave a greeting and nothing else",
            ),
            (
                "Просим цену.\nДанное письмо конфиденциально, прошу не показывать партнёрам.",
                "A customer's own wish for secrecy",
            ),
            (
                "Внимание! Почтовый сервер не принимает письма из внешней сети.\n\nС чем это связано?",
                "A mail server that takes no mail from outside",
            ),
            (
                "Внимание! Внешняя почта не доходит после обновления.\n\nПомогите.",
                "Mail from outside that does not arrive",
            ),
            (
                "Attention: external users cannot open the company site.\n\nWhat can be done?",
                "External users in trouble",
            ),
            (
                "Проблема:\nОтправлено через почтовый сервер Communigate\nНе доходит.",
                "A log's line that sounds like an advertisement",
            ),
            ("Проблема. В журнале:\nОтправлено через Яндекс Почту", "The last line, announced above"),
            ("Версии:\n\n--\nAlt Workstation\nAlt Server", "Two hyphens above a list that was announced"),
            (
                "Спецификация\n---\nИван Петров, менеджер, +7 495 123-45-67, просит 50 лицензий",
                "A drawn line above a wish with contacts",
            ),
            (
                "Hello\n\n*****\nJohn Smith\nmanager +7 495 1234567\n*****\nWe need many",
                "Stars around a card, words below",
            ),
            (
                "Заявка\n____\nИван Петров\n+7 495 123-45-67\nПришлите прайс",
                "A drawn line above a card that ends in words",
            ),
            (
                "Наш клиент ivan@example.com пишет:\nне печатает.\n\nЧто ответить?",
                "A customer's customer, with an address and no date",
            ),
            (
                "Добрый день!\n\nВ письме от 23.11.2026 ваш менеджер сообщил:\nцена 5000 руб.\n\nЭто актуально?",
                "What somebody wrote on a day, retold",
            ),
            (
                "Есть письмо.\n\nПисьмо от 12.03.2026 № 45:\nпросим подтвердить совместимость.\n\nКогда будет ответ?",
                "A letter with its number and day",
            ),
            (
                "Ошибка.\n\nСообщение от установщика в 10:15:\nнет места на диске",
                "An installer's message with its time",
            ),
            (
                "It broke.\n\nOn 12:03 the kernel wrote to the log:\nOOM killer\n\nWhat now?",
                "A kernel that writes into a log",
            ),
            (
                "A word.\n\nIn the mail from 12.03.2026 you wrote:\nthe price is 5000.\n\nIs it still valid?",
                '"You wrote", with a day alone',
            ),
            (
                "Our mailer makes this header.\n\nFrom: app@example.org\nTo: admin@example.org\nSubject: test\n\nWhat is wrong?",
                "A header without a date, as a sample",
            ),
            (
                "Добрый день!\n\nОт: Поддержка <presale@example.org>\nОтправлено: 23 ноября 2026 г. 10:15\nКому: Иван\nТема: RE: Печать\n\nСистема? Альт.",
                "A greeting alone above an original: the answers are inside",
            ),
        )
    ),
]

FIRST = [
    *(
        pytest.param(text, text, id=why)
        for text, why in (
            ("Ошибка при установке:\n\n> Error: cannot open /dev/sda\n> Aborting\n\nЧто делать?", "A log with marks"),
            ("Install log at 10:15:\n\n> Error: cannot open /dev/sda\n\nWhat now?", "A log with a time above it"),
            ("Запустили:\n\n> dir\nВывод пуст.", "A prompt"),
            (
                "Заявка с сайта\n\nОт: Иван <ivan@example.org>\nТема: Лицензии\nДата: 23.11.2026\n\nСообщение: сколько стоит?",
                "A web form",
            ),
            (
                "Заявка на тестирование.\n\nОт кого: Иванов\nДата: 23.11.2026\nКому: отдел\nТема: тест\n\nПросим проверить.",
                "A form that people fill",
            ),
            (
                "Good day to you.\n\nOn 12.03.2026 10:15 your manager Petrov wrote:\nthe price is 5000.\n\nIs it valid?",
                "What somebody wrote, retold to the minute",
            ),
        )
    ),
    case(
        f"{OWN}\n\n23.11.2026 10:15, Support <presale@example.org> wrote:\n> Try an update.\n\n> Regards",
        OWN,
        "A mail program's introduction makes a quotation of marks",
    ),
    case(
        f"{OWN}\n\n> 23 нояб. 2026 г., в 10:15, Поддержка <presale@example.org> написал(а):\n> \n> Попробуйте.",
        OWN,
        "An introduction that is marked itself",
    ),
    case(
        f"{OWN}\n\nOn Mon, Nov 23, 2026 at 10:15 AM Support <presale@example.org> wrote:\nTry an update.",
        OWN,
        "An introduction with address, day and time needs no marks",
    ),
]

ESCAPED = [
    case(
        "We have offices.\n\n>From Moscow to Vladivostok we have 120.\n>From here on none.",
        "We have offices.\n\nFrom Moscow to Vladivostok we have 120.\nFrom here on none.",
        "Lines that a mailbox file has marked",
    ),
    case(f"{OWN}\n\n>From our side:\n>try an update.", OWN, "The same word in a quotation"),
]

INTERLEAVED = [
    case(
        "Добрый день!\n\n> Какая у вас версия?\n10.2\n\n> Какой процессор?\nЭльбрус",
        "Добрый день!\n\n> Какая у вас версия?\n10.2\n\n> Какой процессор?\nЭльбрус",
        "Answers between quoted questions: both stay",
    ),
    case(
        "> Здравствуйте!\n>\n> 1. Сведения о системе: какая система и версия установлена,\n> какой процессор (архитектура)?\n> Как узнать: выполните «uname -a».\n\nАльт 10.2\n\n"
        "> 2. Когда обновлялась система?\n\nвчера\n\n> С уважением,\n> поддержка",
        "> 1. Сведения о системе: какая система и версия установлена,\n> какой процессор (архитектура)?\nАльт 10.2\n\n> 2. Когда обновлялась система?\nвчера",
        "Our numbered questions stay above their answers; greeting, hints and the rest go",
    ),
    case(
        "23.11.2026 10:15, Поддержка пишет:\n> 1. Какая система?\nАльт 10.2",
        "> 1. Какая система?\nАльт 10.2",
        "One numbered question and its answer",
    ),
    case(
        "> Длинный рассказ\n> без вопроса\n> в четыре строки\n> и ещё одну\n> до конца.\nСогласен.\n> Второе.\nТоже согласен.",
        "> и ещё одну\n> до конца.\nСогласен.\n\n> Второе.\nТоже согласен.",
        "Of a long quoted paragraph the end is enough",
    ),
]

SIGNED = [
    case(f"{OWN}\n\n-- \nИван Петров\nООО «Ромашка»\n+7 495 000-00-00", OWN, "The standard mark of a signature"),
    case(f"{OWN}\n--\nИван", OWN, "The mark without its space"),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\nинженер\nтел. +7 (495) 000-00-00",
        OWN,
        "«С уважением» and a block of contacts",
    ),
    case(f"{OWN}\n\nС уважением, Иван Петров", OWN, "«С уважением» with the name on one line"),
    case(f"{OWN}\n\nС ув., Иван", OWN, "The courtesy cut short"),
    case(f"{OWN}\n\nС наилучшими пожеланиями,\nИван", OWN, "Another courtesy"),
    case(f"{OWN}\n\nBest regards,\nIvan Petrov\nAcme Ltd", OWN, "An English courtesy"),
    case(f"{OWN}\n\nKind regards\n\nIvan", OWN, "Without a comma, an empty line below"),
    case(f"{OWN}\n\n--\nС уважением,\nИван", OWN, "Mark and courtesy together, as Mail.ru makes them"),
    case(
        f"{OWN}\n\nС уважением,\nИван\n\nP.S. Система на Эльбрусе.",
        f"{OWN}\n\nP.S. Система на Эльбрусе.",
        "An afterword below the signature is the writer's own",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nЗабыл добавить: процессор Эльбрус, система 10.2.",
        f"{OWN}\n\nЗабыл добавить: процессор Эльбрус, система 10.2.",
        "What came to mind below the signature",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nВ приложении: спецификация.\n1. Сервер 2 шт\n2. Рабочая станция 15 шт",
        f"{OWN}\n\nВ приложении: спецификация.\n1. Сервер 2 шт\n2. Рабочая станция 15 шт",
        "A list below the signature",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nЕщё вопрос про лицензии на двести рабочих мест для одной школы",
        f"{OWN}\n\nЕщё вопрос про лицензии на двести рабочих мест для одной школы",
        "A long line without an end below it",
    ),
    case(
        f"{OWN}\n\nС уважением,\n\nПетров И. И.\n\nведущий инженер отдела\n\n127000, г. Москва, ул. Ленина, д. 5.\n\nтел. 8 800 000-00-00",
        OWN,
        "Initials, title and address in paragraphs of their own",
    ),
    case(f"{OWN}\n\nОтправлено из мобильной Почты Mail.ru", OWN, "Mail.ru's advertisement"),
    case(f"{OWN}\n\nОтправлено из Яндекс Почты для мобильных", OWN, "Yandex's advertisement"),
    case(f"{OWN}\n\nSent from my Samsung Galaxy smartphone.", OWN, "Samsung's advertisement"),
    case(f"{OWN}\n\nПолучите Outlook для Android", OWN, "Outlook's advertisement"),
    case(f"{OWN}\n\nПолучить Outlook для Android<https://aka.ms/x>", OWN, "Outlook's advertisement in other words"),
    case(f"{OWN}\n\nСкачать Outlook для iOS", OWN, "Outlook's advertisement on a telephone"),
    case(f"{OWN}\n\nОтправлено с iPhone\n\n-- \nИван", OWN, "An advertisement above the signature"),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\nСведения о системе: Альт x86_64\nИнформация об обновлении системы: вчера",
        f"{OWN}\n\nСведения о системе: Альт x86_64\nИнформация об обновлении системы: вчера",
        "Answers with their labels below the signature",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nРабочих станций: 50\nСотрудников: 20\nВремя поставки: декабрь",
        f"{OWN}\n\nРабочих станций: 50\nСотрудников: 20\nВремя поставки: декабрь",
        "Labels that begin like those of contacts",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nМы получили ваш ответ, спасибо, но это письмо было о другом.",
        f"{OWN}\n\nМы получили ваш ответ, спасибо, но это письмо было о другом.",
        "Words of mails below the signature",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\n\nСписок ПО:\nАльт Сервер\nАльт Рабочая станция",
        f"{OWN}\n\nСписок ПО:\nАльт Сервер\nАльт Рабочая станция",
        "A list with a heading below the signature",
    ),
    case(
        f"{OWN}\n\nBest regards,\nIvan Petrov\nACME\n\nAlt Server x 10\nAlt Workstation 50 pcs",
        f"{OWN}\n\nAlt Server x 10\nAlt Workstation 50 pcs",
        "Products and amounts below the signature",
    ),
    case(
        f"{OWN}\n\nС уважением,\nИван Петров\nДолжность: инженер\nТелефон: 123-45-67\nE-mail: ivan@example.com\nСайт: example.com\nИНН: 7700000000",
        OWN,
        "Labels of contacts",
    ),
    case(
        f"{OWN}\n\nCONFIDENTIALITY NOTICE\n\nThis message is privileged.\nAny disclosure of it is prohibited.",
        OWN,
        "A lawyer's heading in a paragraph of its own",
    ),
    case(f"{OWN}\n\nПрежде чем распечатать это письмо, подумайте об экологии", OWN, "A wish for the trees in Russian"),
    case(f"{OWN}\n\nЭто сообщение проверено на вирусы антивирусом Example.", OWN, "A virus scanner's remark"),
    case(
        f"{OWN}\n\nС уважением,\nИван\n\nНастоящее сообщение и любые приложения к нему содержат конфиденциальную информацию и предназначены\nисключительно для адресата. "
        "Если вы получили его по ошибке, удалите его.",
        OWN,
        "A Russian lawyer's banner below the signature",
    ),
    case(
        f"{OWN}\n\nThis e-mail and any attachments are confidential and intended solely for the addressee.\nIf you have received it in error, delete it.",
        OWN,
        "An English lawyer's banner",
    ),
    case(f"{OWN}\n\nPlease consider the environment before printing this e-mail", OWN, "A wish for the trees"),
    case(f"{OWN}\n\nБез вирусов. www.avast.com", OWN, "A virus scanner's advertisement"),
    case(
        f"CAUTION: This email originated from outside of the organization.\n\n{OWN}",
        OWN,
        "A gateway's banner above the text",
    ),
    case(f"Внимание! Это внешнее письмо.\n\n{OWN}", OWN, "The same in Russian"),
    case(f"{OWN}\n\n____________\nИван Петров\nтел. 8 800 000-00-00", OWN, "A drawn line above contacts"),
]


@pytest.mark.parametrize(("text", "kept"), [*MARKED, *UNMARKED, *INTERLEAVED, *SIGNED])
def test_cut(text: str, kept: str) -> None:
    """Only the writer's own words are left, and it is said that something was cut."""
    found = cut(text)
    assert found.text == kept
    assert found.cut == ("".join(kept.split()) != "".join(text.split()))


@pytest.mark.parametrize(("text", "kept"), FIRST)
def test_cut_of_a_first_mail(text: str, kept: str) -> None:
    """In a mail that answers none, nothing but a mail program's own introduction makes a quotation."""
    assert cut(text, reply=False).text == kept


@pytest.mark.parametrize(("text", "kept"), ESCAPED)
def test_marks_of_a_mailbox_file(text: str, kept: str) -> None:
    """What a mailbox file marks is the writer's own, and loses its mark; among other marks it is quoted."""
    assert cut(text).text == kept


@pytest.mark.parametrize(("text", "kept"), KEPT)
def test_kept(text: str, kept: str) -> None:
    """What only resembles a quotation or a signature stays as it is."""
    found = cut(text)
    assert found.text == kept
    assert not found.cut


def test_forwarded_by_subject() -> None:
    """Outlook forwards with the same block as it answers: the subject tells them apart."""
    text = "Посмотрите.\n\n-----Исходное сообщение-----\nОт: Павел\nКому: Иван\nТема: Печать\n\nНе печатает."
    assert cut(text).text == "Посмотрите."
    assert cut(text, forwarded=True) == quotes.Cut(text, cut=False)


LINES = st.sampled_from(
    [
        OWN,
        "> Попробуйте.",
        ">",
        "",
        "-- ",
        "С уважением,",
        "Иван",
        "23.11.2026 10:15, Поддержка пишет:",
        "От: Поддержка",
        "Кому: Иван",
        "Тема: Печать",
        "P.S. Ещё.",
    ]
)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_own_words_are_never_all_lost(text: str) -> None:
    """Whatever the order of lines: where something was said, something is left, and cutting again cuts no more than that."""
    found = cut(text)
    assert not quotes.has_own(text) or quotes.has_own(found.text)


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    """Any characters are taken; where nothing is cut, nothing but empty lines changes."""
    found = cut(text)
    assert found.cut or "".join(found.text.split()) == "".join(text.split())


PATTERNS = [
    pytest.param(pattern, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in (quotes, signatures, attributions)
    for name, pattern in vars(module).items()
    if isinstance(pattern, re.Pattern)
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_bounded(pattern: re.Pattern[str]) -> None:
    """No pattern repeats anything without a bound: an adversary's line costs a bounded number of steps."""
    bare = re.sub(r"\\.|\[[^\]]*\]", "x", pattern.pattern)
    unbounded = re.findall(r"[*+](?![?+]?\})|\{\d*,\}", bare)
    assert not unbounded or pattern == quotes._EMPTY_LINES
