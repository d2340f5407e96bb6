"""The texts that ccd says by itself, in the languages it knows; the site may put its own in their place."""

from collections.abc import Callable

POSITIONS = 20
MINUTES = 30

POSITION: dict[str, Callable[[int], str]] = {
    "en": lambda n: "You are next in line." if n == 1 else f"You are number {n} in line.",
    "es": lambda n: "Usted es el siguiente." if n == 1 else f"Usted ocupa el puesto número {n}.",
    "de": lambda n: "Sie sind als Nächstes an der Reihe." if n == 1 else f"Sie sind an Stelle {n} der Warteschlange.",
}
EXPECTED_WAIT: dict[str, Callable[[int], str]] = {
    "en": lambda m: f"You will wait about {m} minute{'s' if m > 1 else ''} more.",
    "es": lambda m: f"Esperará {f'unos {m} minutos' if m > 1 else 'un minuto'} más, aproximadamente.",
    "de": lambda m: f"Sie warten noch etwa {f'{m} Minuten' if m > 1 else 'eine Minute'}.",
}
PHONE: dict[str, dict[str, str]] = {
    "en": {
        "agent_number": "Please enter your agent number, then hash.",
        "pin": "Please enter your PIN, then hash.",
        "logged_in": "You are logged in.",
        "logged_out": "You are logged out.",
        "paused": "You are paused.",
        "unpaused": "You are ready.",
        "refused": "That is not possible.",
    },
    "es": {
        "agent_number": "Introduzca su número de agente y pulse almohadilla.",
        "pin": "Introduzca su clave y pulse almohadilla.",
        "logged_in": "Ha iniciado la sesión.",
        "logged_out": "Ha cerrado la sesión.",
        "paused": "Está en pausa.",
        "unpaused": "Está disponible.",
        "refused": "No es posible.",
    },
    "de": {
        "agent_number": "Bitte geben Sie Ihre Agentennummer ein, dann Raute.",
        "pin": "Bitte geben Sie Ihre Geheimzahl ein, dann Raute.",
        "logged_in": "Sie sind angemeldet.",
        "logged_out": "Sie sind abgemeldet.",
        "paused": "Sie machen Pause.",
        "unpaused": "Sie sind bereit.",
        "refused": "Das ist nicht möglich.",
    },
}
OPTED_OUT: dict[str, str] = {
    "en": "You will not be called again.",
    "es": "No le volveremos a llamar.",
    "de": "Wir rufen Sie nicht mehr an.",
}
