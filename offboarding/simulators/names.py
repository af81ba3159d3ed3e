"""Names for believable people, from many places."""

FIRST = (
    "Amara", "Ben", "Chiara", "Diego", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Liam",
    "Mei", "Noah", "Oluchi", "Pavel", "Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wei", "Ximena",
    "Yusuf", "Zoe", "Aoife", "Bram", "Celine", "Dov", "Esther", "Femi", "Gita", "Hugo", "Ida", "Jamal",
    "Klara",
)  # fmt: skip

LAST = (
    "Adeyemi", "Bauer", "Costa", "Dubois", "Eriksen", "Fernandez", "Garcia", "Haddad", "Ito", "Jansen", "Kim",
    "Lopez", "Mensah", "Nguyen", "O'Brien", "Petrov", "Qureshi", "Rossi", "Silva", "Tanaka", "Usman", "Varga",
    "Weber", "Xu", "Yilmaz", "Zhang", "Andersson", "Brown", "Cohen", "Diallo", "Evans", "Fischer", "Gupta",
    "Hughes", "Ivanova", "Jones", "Kowalski", "Lund", "Moreau", "Novak", "Okafor",
)  # fmt: skip
