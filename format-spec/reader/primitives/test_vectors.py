"""Known answers for the tests of the primitives."""

import base64

# BLAKE3: for inputs of these lengths, byte i being i % 251, the first 32 bytes of the hash, of the keyed hash and of the
# derived key, with the key and the context of the official test vectors.
BLAKE3_KEY = b"whats the Elvish word for friend"
BLAKE3_CONTEXT = "BLAKE3 2019-12-27 16:29:52 test vectors context"
BLAKE3 = {
    0: (
        "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
        "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
        "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
    ),
    1: (
        "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
        "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
        "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c",
    ),
    2: (
        "7b7015bb92cf0b318037702a6cdd81dee41224f734684c2c122cd6359cb1ee63",
        "5392ddae0e0a69d5f40160462cbd9bd889375082ff224ac9c758802b7a6fd20a",
        "1f166565a7df0098ee65922d7fea425fb18b9943f19d6161e2d17939356168e6",
    ),
    3: (
        "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f",
        "39e67b76b5a007d4921969779fe666da67b5213b096084ab674742f0d5ec62b9",
        "440aba35cb006b61fc17c0529255de438efc06a8c9ebf3f2ddac3b5a86705797",
    ),
    4: (
        "f30f5ab28fe047904037f77b6da4fea1e27241c5d132638d8bedce9d40494f32",
        "7671dde590c95d5ac9616651ff5aa0a27bee5913a348e053b8aa9108917fe070",
        "f46085c8190d69022369ce1a18880e9b369c135eb93f3c63550d3e7630e91060",
    ),
    5: (
        "b40b44dfd97e7a84a996a91af8b85188c66c126940ba7aad2e7ae6b385402aa2",
        "73ac69eecf286894d8102018a6fc729f4b1f4247d3703f69bdc6a5fe3e0c8461",
        "1f24eda69dbcb752847ec3ebb5dd42836d86e58500c7c98d906ecd82ed9ae47f",
    ),
    6: (
        "06c4e8ffb6872fad96f9aaca5eee1553eb62aed0ad7198cef42e87f6a616c844",
        "82d3199d0013035682cc7f2a399d4c212544376a839aa863a0f4c91220ca7a6d",
        "be96b30b37919fe4379dfbe752ae77b4f7e2ab92f7ff27435f76f2f065f6a5f4",
    ),
    7: (
        "3f8770f387faad08faa9d8414e9f449ac68e6ff0417f673f602a646a891419fe",
        "af0a7ec382aedc0cfd626e49e7628bc7a353a4cb108855541a5651bf64fbb28a",
        "dc3b6485f9d94935329442916b0d059685ba815a1fa2a14107217453a7fc9f0e",
    ),
    8: (
        "2351207d04fc16ade43ccab08600939c7c1fa70a5c0aaca76063d04c3228eaeb",
        "be2f5495c61cba1bb348a34948c004045e3bd4dae8f0fe82bf44d0da245a0600",
        "2b166978cef14d9d438046c720519d8b1cad707e199746f1562d0c87fbd32940",
    ),
    63: (
        "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b",
        "bb1eb5d4afa793c1ebdd9fb08def6c36d10096986ae0cfe148cd101170ce37ae",
        "b6451e30b953c206e34644c6803724e9d2725e0893039cfc49584f991f451af3",
    ),
    64: (
        "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98",
        "ba8ced36f327700d213f120b1a207a3b8c04330528586f414d09f2f7d9ccb7e6",
        "a5c4a7053fa86b64746d4bb688d06ad1f02a18fce9afd3e818fefaa7126bf73e",
    ),
    65: (
        "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee",
        "c0a4edefa2d2accb9277c371ac12fcdbb52988a86edc54f0716e1591b4326e72",
        "51fd05c3c1cfbc8ed67d139ad76f5cf8236cd2acd26627a30c104dfd9d3ff8a8",
    ),
    127: (
        "d81293fda863f008c09e92fc382a81f5a0b4a1251cba1634016a0f86a6bd640d",
        "c64200ae7dfaf35577ac5a9521c47863fb71514a3bcad18819218b818de85818",
        "c91c090ceee3a3ac81902da31838012625bbcd73fcb92e7d7e56f78deba4f0c3",
    ),
    128: (
        "f17e570564b26578c33bb7f44643f539624b05df1a76c81f30acd548c44b45ef",
        "b04fe15577457267ff3b6f3c947d93be581e7e3a4b018679125eaf86f6a628ec",
        "81720f34452f58a0120a58b6b4608384b5c51d11f39ce97161a0c0e442ca0225",
    ),
    129: (
        "683aaae9f3c5ba37eaaf072aed0f9e30bac0865137bae68b1fde4ca2aebdcb12",
        "d4a64dae6cdccbac1e5287f54f17c5f985105457c1a2ec1878ebd4b57e20d38f",
        "938d2d4435be30eafdbb2b7031f7857c98b04881227391dc40db3c7b21f41fc1",
    ),
    1023: (
        "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
        "c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e",
        "74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5",
    ),
    1024: (
        "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4",
        "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706",
    ),
    1025: (
        "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
        "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
        "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb",
    ),
    2048: (
        "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
        "879cf1fa2ea0e79126cb1063617a05b6ad9d0b696d0d757cf053439f60a99dd1",
        "7b2945cb4fef70885cc5d78a87bf6f6207dd901ff239201351ffac04e1088a23",
    ),
    2049: (
        "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
        "9f29700902f7c86e514ddc4df1e3049f258b2472b6dd5267f61bf13983b78dd5",
        "2ea477c5515cc3dd606512ee72bb3e0e758cfae7232826f35fb98ca1bcbdf273",
    ),
    3072: (
        "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2",
        "044a0e7b172a312dc02a4c9a818c036ffa2776368d7f528268d2e6b5df191770",
        "050df97f8c2ead654d9bb3ab8c9178edcd902a32f8495949feadcc1e0480c46b",
    ),
    3073: (
        "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3",
        "68dede9bef00ba89e43f31a6825f4cf433389fedae75c04ee9f0cf16a427c95a",
        "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081",
    ),
    4096: (
        "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969",
        "befc660aea2f1718884cd8deb9902811d332f4fc4a38cf7c7300d597a081bfc0",
        "1e0d7f3db8c414c97c6307cbda6cd27ac3b030949da8e23be1a1a924ad2f25b9",
    ),
    4097: (
        "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995",
        "00df940cd36bb9fa7cbbc3556744e0dbc8191401afe70520ba292ee3ca80abbc",
        "aca51029626b55fda7117b42a7c211f8c6e9ba4fe5b7a8ca922f34299500ead8",
    ),
    5120: (
        "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833",
        "2c493e48e9b9bf31e0553a22b23503c0a3388f035cece68eb438d22fa1943e20",
        "7a7acac8a02adcf3038d74cdd1d34527de8a0fcc0ee3399d1262397ce5817f60",
    ),
    5121: (
        "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff",
        "6ccf1c34753e7a044db80798ecd0782a8f76f33563accaddbfbb2e0ea4b2d024",
        "b07f01e518e702f7ccb44a267e9e112d403a7b3f4883a47ffbed4b48339b3c34",
    ),
    6144: (
        "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205",
        "3d6b6d21281d0ade5b2b016ae4034c5dec10ca7e475f90f76eac7138e9bc8f1d",
        "2a95beae63ddce523762355cf4b9c1d8f131465780a391286a5d01abb5683a15",
    ),
    6145: (
        "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f",
        "9ac301e9e39e45e3250a7e3b3df701aa0fb6889fbd80eeecf28dbc6300fbc539",
        "379bcc61d0051dd489f686c13de00d5b14c505245103dc040d9e4dd1facab8e5",
    ),
    7168: (
        "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a",
        "b42835e40e9d4a7f42ad8cc04f85a963a76e18198377ed84adddeaecacc6f3fc",
        "11c37a112765370c94a51415d0d651190c288566e295d505defdad895dae2237",
    ),
    7169: (
        "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817",
        "ed9b1a922c046fdb3d423ae34e143b05ca1bf28b710432857bf738bcedbfa511",
        "554b0a5efea9ef183f2f9b931b7497995d9eb26f5c5c6dad2b97d62fc5ac31d9",
    ),
    8192: (
        "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63",
        "dc9637c8845a770b4cbf76b8daec0eebf7dc2eac11498517f08d44c8fc00d58a",
        "ad01d7ae4ad059b0d33baa3c01319dcf8088094d0359e5fd45d6aeaa8b2d0c3d",
    ),
    8193: (
        "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b",
        "954a2a75420c8d6547e3ba5b98d963e6fa6491addc8c023189cc519821b4a1f5",
        "af1e0346e389b17c23200270a64aa4e1ead98c61695d917de7d5b00491c9b0f1",
    ),
    16384: (
        "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4",
        "9e9fc4eb7cf081ea7c47d1807790ed211bfec56aa25bb7037784c13c4b707b0d",
        "160e18b5878cd0df1c3af85eb25a0db5344d43a6fbd7a8ef4ed98d0714c3f7e1",
    ),
    31744: (
        "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
        "efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419",
        "39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e",
    ),
    102400: (
        "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
        "1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7",
        "4652cff7a3f385a6103b5c260fc1593e13c778dbe608efb092fe7ee69df6e9c6",
    ),
}
# SHA-256 over all of them in order, each with 131 bytes of output.
BLAKE3_EXTENDED = "8f89c4586f2e359633b1c488eeb7a70c8c772a140d02a8082942a7b21d2e9eaf"

WORDS = ("beach birthday garden summer harbour train mountain letter kitchen snow dog candle river picture bicycle school"
         ).split()


def _numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % (1 << 31)
        yield seed


def words(count, seed=1):
    return " ".join(WORDS[(x >> 16) % 16] + str((x >> 20) % 7) for x, _ in zip(_numbers(seed), range(count))).encode()


def noise(length, seed=1):
    return bytes(x >> 16 & 255 for x, _ in zip(_numbers(seed), range(length)))


def skew(length, seed=1):
    return bytes((b * b * b >> 18) + 32 for b in noise(length, seed))


def _frame(name, raw, text):
    return name, raw, base64.b64decode(text)


# Frames of the zstd program and of libzstd: (name, raw bytes, frame). Together they have each kind of block, of literals
# and of sequence table.
ZSTD = [
    _frame("empty", b"",
           "KLUv/SAAAQAA"),
    _frame("empty with checksum, no size", b"",
           "KLUv/SQAAQAAmenYUQ=="),
    _frame("one byte", b"x",
           "KLUv/SQBCQAAeCMRBIM="),
    _frame("raw block", noise(200),
           "KLUv/STIQQYAxn6Ba0v74vtU9r3ffBzhhwG/Md5Wcg9HZ2aHWaqIPFnqVhN70oWh2DxUVS83rmVb2gJ5mMzjGnaOX9mZjx8/Nu5DeE0N"
           "+r6m2uSGjtwpbU7/VuFwIPuPsVgFkMUJ3FPNqjtImVLTUp0Gn+q1wgYTmEmyAR6sMogxnFJGlXE2j1f2OR0W+oh09Zh8F1xBu21xjg9w"
           "WccBGy8zPZHAHaUNDaszjX5ejz7maHSmOrHDkxGoZMfbyuBg4fO/CQBnouMloCExh9VixahV7490"),
    _frame("runs", bytes(300000),
           "KLUv/aDgkwQAVAAAEAAAAQD7/znAAgIAEAADnwQA"),
    _frame("a repeated piece", noise(61) * 5000,
           "KLUv/aRopwQAPAIA1APGfoFrS/vi+1T2vd98HOGHAb8x3lZyD0dnZodZqog8WepWE3vShaHYPFRVLzeuZVvaAnmYzOMado5f2ZmPAQAN"
           "/A/kAQpEAAAAAQD9/0AegEUAAAABAGUnHQABJ6p+bQ=="),
    _frame("words, level 1", words(60),
           "KLUv/WThAM0GAMIJHReQJXXAwJWMMvabGAsh2N12UybPwcwsBEl4N8zdQYgpgifckmTXbK/zDo15HobXVEuzQm4FUAVPmIR3w5E6TCE6"
           "hnPMsOx4DliPhrkr1FD5n0MLABXLPw/+KG1OfwTCLPVBmMVJyv0KMJmhAq0As9dx/XwIKiBQokEse4FCXMk3khLVubhxab4G8yaxcG86"
           "UdLMBkOiEmcaivbjIkJYQ6LJDbGtfgA0xXY33Jx32QjHLWVpVm5npiALfIChciOFeULkrFx1xkoOzysiPUYERE7KQmEbMclVxoQk"),
    _frame("words, level 19", words(300),
           "KLUv/QAQTRMAgkwiEaBvIGO5u/35oaoh/drEVR0HJJAQWviTH90vPnT79/sHHz9C8BftL0YgPrx7nZLMIP4iEDKEexDiiRPh/g5ZmRX8"
           "z/Sepd0EpnUqa6BVRGDgCOnoQESHUGtygHiY6bIJ3sW4DgWdpq2HSdCATBvNLKthQrMokRyC5YCRC1p1JnfyYQYMyEqFNr6BA6hR3igp"
           "qFFoDUEIAaIwy7UeESAMzXF1YZJ0HUsEJ+9vs6VOLKB0maSromS1kecPeXjSkmEB6pLcmJHinvsBUqWXxgHj6qLLtBHrojQkbZdQ6Hq9"
           "oQGkEm8F78NXbGe7J2O9O49VJeXs7wwj6mLkyzpCQP6eCx3oWNw4w1KL0tmxegFvJ4MIOsZDvcJArRq3dyna5GScEFmLc6WJZPmOapXk"
           "YvOTtAd4UCTNY0Tv0e+tlcnIkkoQGdrJY+Iv4sPT0N0WUsSrZbTDcTS8Kp/wdE/Ozcr2DrE8GFoawBgx64kdTip709JaN75J9oJrV+oZ"
           "NKDH0LLWIiClc+UI35kJlefAGPrqcCdfH65NyrAnFO7JYLXpH07EyO34Icbc3X1B9FwD+wKOIHP5uBPf3VuVMMEnLIV0gljgaB4E3b/E"
           "im9tn2IeCV6YFN+fHAHg5ytAb+ZY1svuYvhkKGeqIwpaY9pzoe4aUIFGNDhEKJqn85Tr3kt52wd5uy8XjF6Ix6Vi+1PO5DC9IB45wXin"
           "x3PokO88V4/8SLjcF9uAB5nFSXUYiEnZSNgkMu3bOcLHFSmZkL2PL2qnLtM7aCTZ06ZkjDKKi8EeP4+n8qpypvDnwaRbRWY6s4Y59lEJ"
           "CH8="),
    _frame("words, --ultra -22", words(400, 9),
           "KLUv/QSIvRgAso0kFpC5DYB9s6z90EfRU7s7xe7uPhZmZiHIzMiKy/u/j/9mPlX1elxkRWXF7remZuMyKz9bcVcT9e9laSFY5nWfqr+2"
           "qhSwIxy/mXlAJzVLrSXjMHkxNfdMWQA7wynz3jEZgTrotjnB0NgbmaUS1o6FFRwnpjREIMfJQA0igEtFnKaUdaCx1oCSW5aOQ0mOVRpQ"
           "I4qBYahRVgVJQVLaGQNBCIGhSJCK6QEhCMWYFKUgBdUBq2DlFqG1qPeds8Gt4FNS7ku4ecxqqQl3s/opWSAUmSTj3tP6qec65Rv+mLlk"
           "qIS/PUrpOBjDTKNUqazZ+4papSHZ04bsSvErbgXAZ/jeGIaJcj7r/sdeiqFoDJbRAZ18S9nRMSqsDcv4E2oL4cVmHySXkggXJjnpgs11"
           "1ALl0WM7tAGGGFBmIQ/CittrR8/enlo809F/7TPf/biWfgWE68u3W5YgcdBscoq50oMPvK1gX3KohRFEg4JvjzqC4KEXtymwjqbZlYGo"
           "q1V0Dh3lUSzonSwoohL7CSi9Qkpzndqm5nx8AhSqgMPQ/VQmuS2Zy/mG3Yyedx5w8pMyF1KHx5sRnNe6yylOjtErWQYzk+a8lmpDkvDg"
           "MWSn3fA2BZbpNxUCN6Thq7vlqJm0Qt6gBdB5h+xamENqy81Dz85m4elYZ/6sCYiDGsUEIxg4SwPnKhcnA0CRogRF78rrsO6JdJKVIk/x"
           "BvExdMoeRDz6/ouSwOOTs6ZrA2rvgKAhR3C9ftoV+jD2GBwL7s/jr2ni8wZEhenqCByWLy1XuHM0Bo1RmFGhmiZ8+QZyilJg7ZwVQkHo"
           "m60NXY5whAzgf2PeeCF74lxoJunTD+9aSE60XkcLZuSUq7qYcoa1yyV5iEJbkB0BF+N2juoXLXGvo9CQH2MUmCLpvNwgvEg8DoqWYL3I"
           "EET1iqw+tw8Vy0tka8W8a7loHFHyyA1tS+sI7w5Gka2vL/lQF32nRpRFYhOBEgT91QsS8yG99QSurpdCZHQdLosSnWTxxX4+ObpDGzWU"
           "5SDR2V3y0+eQxjIvV6ILBBXJQA0O434t"),
    _frame("skewed bytes", skew(900),
           "KLUv/WSEAvUSAIb2kSDASk1jpNwyhqYUAAAgIGC7JgCMj7rJ3ls6sm2Koig6EIkAhACIACPFZU1bJ4tJ6psl4pZd8acmHrBCfXYHEb9D"
           "4MBNJAOBiS8HtyajwBaclbZnDVl5JSND93kASUrhB621vHSxqRXP6eG9hScbW8oe9IRkMz+sl7NGS842aDxTUR9G6xRWST+/dbjASroj"
           "OUhjFm6/+yWbKPP17FRiqRh1uZq7Kc5z0wDtqDPSOM1Hz/9ztrBXGsBBfc9D5uy9xqnPEXAfoUrr+4An5MKo1OnNMSrMwPdgc94DKc2q"
           "KhDLseg+d6VfmBfZpCKiMj1h/0Gn/Qu1R8Vhzevr+S5jYcmLZacWI/Rjz3SlQTzAKM0sLqX4D0Yc8q0S3ZQKoWQkoOixTlyFis+qLACT"
           "pj0mtZZLAARZ36MtKKvX6kkSbBaii6dSSQvxzbqizS+vgdfMO9EXY3+PDZZrHTLIB3MXEpUJkJIgNww/eNBByN/hGorAcCZpLA4h4VTW"
           "3jheohXK1TvKydFbmvwPCOUjENFihTRlP0gFbwPrlv9rzZti2vKhtPJcsDKm1NjVw855K/Xdwc2bE42zXyamcrVuB09g8RSey4Hux8F9"
           "RhTSDTIZx6a53FbyCQRskt/hJL3f+j1iBsePGTrXQzsiDM+dcd7icwgTmGqlIV0SYy/a2M309C+/v2anm7p0lfY0KG1ap7atbwsRICBB"
           "bI3qVTIIb8Y1UBTEM+COaoefTFwflIBwYmy0oz0ViywsDEkhbqOpOkeUcN20RTPvAwUHBAFScBLxafKavI0Z5E16KluAFM0O+l0="),
    _frame("skewed bytes, wider header", skew(2500, 5),
           "KLUv/WDECI0zAAqSxBcjwMTuNAYd9AZvwy25Bfvsw3/bmeTrBlsW0d5bOrJtiqIoOhBlAXABegFa9lEVxp0kVoEEE4TvBSQNd7M8E+26"
           "+HIRiDSynR8hLeOtEmsxvUMTD5XeRXKKto+0vn1ShMsVitgtHYxtwKlAUC1RNpftF4nOsS/DNsYMcvn0RjM8QjjhWCzT+K6MAHRD5QgM"
           "Pd8A8k+HB7rJxkSqgAePLQv0dWnO3YDWNxAZ84G+0C2PsCxAu5pAqFxqvUGJr1ysX5Qdex/jOxNMNE5RtlNCwAKI3CQY7T9r02esHnzR"
           "l/JXr26NaADkt+51c9liJ6LgkXgkZcqXpTK8qQ6wkPrPwms8AH9M73VV/4dcLdsmpqboN/Bf8eHHq/o5vdNH0D0N2Z+r+WwKSllXtHq8"
           "6xN3dIC+Gj/hOZMvFG9flebuj4a1uhV2lzmaN+KaXUXHBqJPSLy2DRXPsbzY0dr8rQtnUCfPkriUd9yWz16Fqnamd5QOYlxpcy2FdF7v"
           "nCLO/yxFU6GwhFrRVXizOC4ZUTKdLQHDjtNPnQXJkvVpx3OldAWcIeFNjsekKnC/s39Pw8ix1Jd7SPOGx4BcEgGho4cmroUQTvXL8xED"
           "99Raw5HAOAVN0OJ960SUaHKDo8JOFqXJiKREF1JdI3oClsrmBjlxm97D0dvUJDznMZACis7HOlpdqs1TMR4ACrbvKTPdvHE4wbUk+F6Q"
           "0YvCznnBWaCCVo1AyG0W7U/kiGs7OvFJrGLUG+nURhF5Gt34iHMXcd/LRQHCUsFL053A3pAX1uIHbNCvYIzJSgugOE51IIw0d0860JhJ"
           "0AhLsWGjOpTA1TcyNQkfB4OMUzywcJjKDgCh4WTf1AXhc4Cb8uLjmeObf0nQI2jo8Zs5Wff5M0IorwE+in/SP3A0K1GRhWOdqk2qJraE"
           "J4QpSrg+8idMgesf9aKs1qw+YXQ0OkjruVQhZKzBba3yalcAchHXCkU09cLemhanG0cZ6NPJI00Zi5QG8ACWxgLmXiP05qyO5gnKqydr"
           "H8uKwIfB/gVKxstLMU6MAj4WNwS86NkqGjm6z0etMmXtyqdA2+BBI44I4DYciSPrTR92qS9H13LdTy4g4yXgFcIaiXgDkjt048rm1mYv"
           "vxQw0/wsAwLJAMZ5pJ05Y9bQD4zPUElwYmeiQhpiiUWUWOLxLB2V5aDoguIFwIWNMijilOSLHlCsU4WDCPY8Uf7zhS/KMFz8Mn021bmh"
           "5k90wL6mcvAQK8ClSJThsVMUz/O9qsRsNrDhDRInvGoLZKNNmC9X6+5XZQVnc6NiWdR952XQokU3pLDrddTMA17wlMFFj1AZXatmP/NG"
           "hwcHMARGyqlCMahjNBCNBwAlh7hEj5KdXYPlExQH26r3VsbNTouEoZR/pmUJNFB8Tdy4E2UgnHfZAu0+xzAVVMs9s6HAIOEHwsx8xCIE"
           "UrQSpnAXs0ipSf0iIqMYkDzd1KVGz5p+3lZcfn6BzDo5q8H2UGhkND9KPMlWOBjapcMQ87gTyuxTKguRTgAZWV6ETKrvYNHL5biktQVE"
           "ieD7ikpbr1Bx12MmhVzCuvgdWhQh/AuE9EYYPDsBylkmrHd23OKaSoiDd3lkJSO14GzlqJmLEozEYl1MOwGZ7KHP5II8jmUncOAGUm1B"
           "WdKeIb06SLJk+Oupo7ZVKi5FeJh6RpVR/TlD7L1BB+TqQKVvXZWlZolFCTJA0tVI05q1uzg4GsLGp8qi7g0AODS+CevPvJ4/jKNNdgRR"
           "KhEO05xgNzlGP9KHhwxd6GU0tDwBTg8NY51SVfRkGKdsgbDdkMzIwBoIxTQ5gGq1RLGHSRntNPygBDa4CcZfPLCuAVChqbIb6xeL60BM"
           "uUnhsar3MDQ+E2K5jmyNejhyVEe1np8HBvvR/SjEO62vj2jnzCwG4iAc0d5J9wb1YMCdKiCiRCALNpylluX6I751fhoog+0lAkW7ATiv"
           "oaGl4gimFT54McINz7BvtXaWtuLZjSBOHfBNsoSbZ5ffRhnQ+bl4L/UTK7LMV5113H2kXgMoICACIljI0RtfDwD8WJYvMAelgJMwhtEG"
           "bqnLjEorssJIlnQ09Vv9cUWj2kILaJf43q2ZdM2hNodxM5VQVh499tH8ljpyDaDY6jRXcNv7QRetIeVz4/rcOmLR29qICDP+hKIhBabe"
           "6zCzyX7n3OAOsM8KbWaVa9HWbpUp"),
    _frame("many small blocks", b"".join(words(40, n) + skew(150, n) for n in range(8)),
           "KLUv/QRoJAkA5hA4H/CYrQGgZg/6CK8T0oIwulUFGXIxqpG2UT1gE9lESggxADAAKgAmsSWWou1oGpmhuO28EVWlYom6M50nKab2SOdo"
           "a5Yhmu6hqlOEhuQfOq5K9I4Uw1EUWwoEsN1Qjwwa7gWvOZJiWpbuzDJMTdV5GvzMcYSGpK01fBb8rsc6zdQdOp5Oqm4Mgh8Wu9zK1e8V"
           "WDF3ge48uYJvC5C7FJ9pAD58daI5064ftF+/Q4MwLbseG+CzDXJo9tQOApM0Ol+GpnCdRQYIbAxbu4ofV8ocprBxtM0lUa87LBOurTL5"
           "sCwcKBAsg+EDIIY4zzZXAqDEw3aTTUicvjTKMH7F7OZFoqsdw3AHFBYrSLgEYC8bw+Dlj3UWGBhKbVozlIl7GMoCBQQHACILIxcgWweA"
           "Ohll6KrKSGNZzDZFrPwHBATABc9a+CEEVO4TiikY53+zkQtJ7uXGoV/Kyn9NJPOlt1byH629Y8hbQtALYac5uHcYY+dY5/OQy/+IwgHH"
           "cFFThncNRH/3OabYiDfZN542giBf6O/WjfAEWJmNimgOCgKbogmCngdqHAiGWffSJEHOE6trC78BJqhAu3FAQoQMHR8QGIKc1IY10Qpl"
           "sRWPL/DYfnCFxz0WYgZXYMKOimrmBpVZjDijcfFkErGSWdFJolFaowpf6TnxQPXA7os3HvzH3CuX9fAFbAYAkkkdFiDZMdEO5PZ1XJWj"
           "4fumRop0gQSA5QLBlflfm8L8OaAGsh48IX0MC4kJn8yf02rLV14v9RKkk/RN3ehaPNHBmu/yvAj0f0s7f/3+l/8+cXpb9/KLZ3aOXTP6"
           "WAC8/CP1ekY03wdxuLRebTseG0lSaOTQSGIEKqzR7t71zyBEQIwhhj22EFThAEnITfAQmXOVCSsl19QI/rNgt41YocbNdkpSi/8zNtdl"
           "zt/aqi15UhDQrpLVd/kJGsUGDK2x7MByDgWnsknS+Z5aX5wGADJJHRTwuA7wr7mQziD0hTQbbkEcFodFhafyVh8HGLN7f37KnSdVzKBI"
           "yQIcoCp8E69fgk7RMPl4o9VrEd03X/g2cMxxe8bR146BJb4cBfi9f9cORy6xyf61g70/5NzjKdJAWO+nSP0A/Bu/o4YKYagulBsnP8+S"
           "AyqoAbta/98gAkKMQpQ9EBgioF7tGXXAIVZl2jTtuk4GNffLJn2KVgZzAbPSZFVVTzZNp8GajFG3NkAqmtGFh/eK1G/YgBl5c/EJwdse"
           "hRGThNuvF99as4wCAgEsBgCySR0WELkOD5q+tDljsX2BT9rave2uqqomCPX1XjdmL2vzz0f9/z54wt0RstvzMI6fEt8Ki7Eq/BTjivln"
           "kH/lHzHwA29LdqKYv/khw7r89Q/i0/jz734kJ1D/dVa2QXe+gX/RrR0Wjb4Aunuw+EFIj5wRJUmQrAQl+BAYAaHytDoITYG+bJ6w546Y"
           "noEA/d1cDv9Ft437PTk6hrBfwnZPmVQL8S8zxVOuNOnmmaudOReOFzK7W018K6CVrsi3qhjM1K6eAzQGAIKJHBYgeQ5JoA9Rktc9JcLg"
           "t/bNpBcgBGAX3JyeVVy/maDdh5za3Mfya+f3DhF6Lf5CDT9m/Ex3Fjev9/JYwXvn7RbgKbgUL+Xv8+u374SZueXf6grND4Z2ZYEp8qZF"
           "NP8HJwYqAba4tYPK42UTJTp/WYWpSSWwcXf/M9sGUyDK3PhkNM9S8PyKQt0W38CXKN6TkR+4ImOl0Xl6Bqn+Z0ZugDROolWBz1ktzJ5I"
           "agoxc1Vmy3PdpxIYNMfVq+0vLo/nruguMzwGAMIJHhYQuQ7NkxrfIkwPhaYFlEP3truqqpogEztoTRspt5OuE8d8TCjKQ8kcs7/D/Fs9"
           "TSCZFfSyj3iqb6b7YROGp6OMz+tYHrSMsRiuxHO/PyyYj/80PdFn/g95SxLWmjfPfzSC5VTtK1n6r6B5eXn0kWvAehlZkIuRHCPoIIJl"
           "SF3yEBKjOM1IDhSG/XvKoFivDvVpne8PgbmYiqPJ+x3YCS4pKTc36nT5v6AiyM3njUTAorlrR74uNajm6gxllFh3i3jQR0VkBgCSCR0V"
           "EJ0OodBjU7vU1Tmzph32t7uqqpogHB8eZp754+oQwV7S5fZrLWkNCuTehQkfpvSrB6++6F/BVuHRy1es+acjQogTMPySvNRbR+4Fzhfg"
           "HjilP/jSIKQ/gL1/zLgB8qb1hpb9fNXN4O0p5f9/BNyNwzyLEyKgQXf/fwMQJIFxKM0DXb1ARjtNhOve81tpS6xf4otUkn/e1rdbNhng"
           "9u18H/bKx6mk+wHmu+m1HFEiwkREAWCiM0stiJOHA0E+K1vrn152t822bwEBAADQKRZf"),
    _frame("small blocks, level 3", b"".join(skew(300, n) + words(9, 3) for n in range(6)),
           "KLUv/QBYTAkAthVGJtDuTGMwkskDNlQUIfdljz1ANPcz5JK3QSrhDaH9Lfd/cIUXXGETMwA7ADsAXZ0AznC14y22e7MaHJvjoMX3O/TW"
           "wIdN8BEu9Ei34ueJmv/H/XaHHis1vc9xCOjckF1zIIZVNwbVgiqkGKpfe/wnsaiD9Yj53LAgSd1cQHuWj2M+aS5JvdYpDzzzcsY8DmuB"
           "UugI7DvmYG1aBmLYhlPndB4BZLBUi4amfePZeXZtYjc2MJtRtLOzw0klSqpls2c8mxOgKkMqd2XCtoTNKvrk8DMJ1EIDDp5XkiQSOfFj"
           "K0sWEOVDxBs5IcoQjSB+VJARItJIYo4sSyTR6GKuJCkoShgTMqV8XXY1kUjYcFSu+bzgIDMNJ5X2FQQAT5Gzo8iDK8Q4B4AGbAcAZtI3"
           "IOAKWWPw60RQCPPUp2uXs/H/ZlL9aMU+SZN2IsYYY/gFLgAsAC8AmcqsOOujCH+UKCx6viTSc2VZ4nenSGjyXs0Op4Wt6W4LroaY3yVg"
           "s52row16VuuOXGvo/qSNg5x/s3F30EUMp16h0jsWGjliJyvpk2QtW/FVxM4Osw3atkQwskNRnnMVWEBOXzm1hDy0fzpZbAC+/AJoXylg"
           "2CVigbDpw0PxdM3gyF409XNHhASxsbC1S12X0CTWnifbQuozLPJwbzRVzyljrjExhkdcbZVRmRgRMKA5LUjj7odxEAIAkeVbJCtCwpIC"
           "hAcA1tI5JPDKbMbMwNOJaYnzJl9PwiDTp0tpv7dqYDiO+N29BXFYHBYVAisALwAyALRi/N9OeDf997+j41N+1/SBUra3hVk/tVGQvpLd"
           "kShRGcLEIUMv9/bNzE+U4xwAfwms8Bk/pZHOyi1H2pnLtF4dYiuO20Siu3XJ1xId2t+DCtD5OCLEwRMkGBfF0YVNHqosg0emU18sXnkl"
           "x+npIlQRjAg4rWhQKCqx+HKJXwNeI/FFLQJnvyj9B84eDTcS2rg0WHvM9BFxnU9oZ2R7Ga4NAMRZ2kTVurgr6Bhx6URKSGVPzugwsawa"
           "IXkEAQAtiYIpfAcAZhI3INAKbcb+KEvDz2OOkTV6zLw5F9qb1yF+b2mLXM0gV9MELgAvAC4A1E+xSNIjC2QKDzKle/evBvgBommCfkRi"
           "2LfmSlXMOM9mESRDd7LXty7Uig90bH9d5KqppqMM7H45YLowhoOCkoFIuF3D8d7e5oSjGcwEMeXoX9Xs44dUd/q5ABoE1WIHGO6VRbGy"
           "snCVf5tFucEJRn5+iAfW+mOyVBxrykgpqdIgy0cQgoWZ6X/+be7jEusVc9HUpmKPipK3h3nZfmlQHUpXDdu3HqAVe8N5stt1afeFr3eL"
           "AQQAciNLWCEgakYuqURe4gxsBwDWEjkj4ApZYzDMsNIPYs3zIuGQ/FeWWRbr4H9s/wlbkmYnYowxhl8uAC0AMQDwaQNiZHI99hlFuU3w"
           "0wNZufvda3MQfJOhWDDZ5F7oTT3GCWDwPkC7O6M8YngH1HC4ZrcSbxB7d91/Oto6+CFZpnUVVf2jYw5RVqD0T0qB612k+MV/Kp1NZ2oB"
           "rTF/hddRIOZGqrs8ZmNIrkrSErIakCgTmFHMOc5c42/Rp5ytvyW4OZNo4SCOC765Aw0vJolQdHeBTPqVaF9rIvK0KW40VNNYQC9mRca/"
           "E2o/uXsWEB7M5n+kF3EmL+wBAC2JginsBgC2EjUf4OpMOsqIUvcsQBPrE2fsajoIALEu7UP+thMxxhjDLywALwApAL93fKx9dSpa66pH"
           "LBoYRxZMqYbC6YQPpPmdEQeoqPyYZs3KF2r3Y7gIbNYCWyOZgm15FgEzvxxSNqPFsWoSzoUJxqwvJocvgN5KhGxrtHOxky5brsEVU4lz"
           "xAVXayR0YqyWyT+5Z95N0cPnfCwD8eeA3DmCTqPShHTW6Dqv426q0LPuob/32SleiAXwLPct/qiomwWCC3IeNjbl14Mv0QLU6zvU5njC"
           "fMHtm+1/vQEAK4uCKQEAAA=="),
    _frame("spaced runs", b"".join(noise(3, n) + bytes([n % 5]) * 70 for n in range(40)),
           "KLUv/WRoCuUFAAQKANwEAMZ+gQGMIf8CU8N9Axlm+wTfCXgApqv2AWxOdAIy8PID+JNvBL827QCF2GsBS3vpAhIdZgPYwOQEnmNiAGUF"
           "3wErqF0C8UrbA7jtWQR+kNYARDJUAQrV0gLRd1ADlxrNBF29SwAkX8kB6gJHArCkxAN3R0IEPerAAAOMPgHJL7sCkNE5A1Z0twQcFzQA"
           "47myAalcMAJv/64DNqErBChUBAAoIiIiIiIiIiIiIiIiIiIiIiIiIiIBwJF27g=="),
    _frame("even runs", b"".join(noise(2, n) + b"abcdefgh" for n in range(60)),
           "KLUv/WRYAX0EAAQIANxhYmNkZWZnaMZ+jCFTwxlm3wmmq2xOMvD4k782hdhLexId2MCeY2UFK6jxSrjtfpBEMgrV0XeXGl29JF/qArCk"
           "d0c96gOMyS+Q0VZ0HBfjualcb/82ofxEwuaJiU8sFc7bcaITaLYuWfX7u56BQEjjDobUKJvLYW0nEO2ztFU7pBDyewfg1wWgdVMK7tB+"
           "Kg=="),
    _frame("literals of one kind", b"".join(b"." * 40 + noise(20, 8) for n in range(8)),
           "KLUv/QBo3AAAqC4y8PKZtAFXDCu9pUYfEG+3+q2TBQEASiAERAAACC4BAPiSEgI8AAAILgEAkIAQPAAACC4BAJCAEDwAAAguAQCQgBA8"
           "AAAILgEAkIAQPAAACC4BAJCAEDwAAAguAQCQgBABAAA="),
    _frame("few symbols", bytes(33 + b % 5 for b in noise(600)),
           "KLUv/WBYAT0HACYaIwbQN0nOoQEgACAAIADdlxQzIM4wliB4yBqwaRDLKdYIRgnvEUYMlwtw7wo5AyF8KonngIZLoJR4m2ujWCQRJzoP"
           "E3iVIumgsCMdgjQHAeUwFEkHi3WciOwAzHnR97Al8kpVkI5dkkY1KuUDhQGo7rE5oQ0S4XZlH31MY8NmsQYwJOYklItCgISoiZ4VIQCR"
           "GExjicm3FWlLrK2Dofd8YVtwXSlK3HncAV1zBdOmVgjg2010NpWVbWFg5TXt7SbbuA25dlyTsdkbLSPGNmNhbqOaocHw80Mem41QCJpo"
           "OqOAALAtZw=="),
    _frame("Huffman table used again", b"".join(skew(1100, n) for n in range(2)),
           "KLUv/QBYbBcAakSMCyLAhJA1Bn09CbXQPqya3GexYcfj0B0KuyV77+3ItimKouhAsQCtALAAO+XyWEISj7VEhRV6BfMFH0KDRnKhzkOC"
           "uVeSYXLYTI5ZKayrqyGJZ8LRRjjB5urMc7oxmt1VymAwq0eeGPIPA9mQA38U9TydQCkPxEF4fkvgNy6SAqI3DnGFmcDREExYa4jXXiUS"
           "R6d0R/t+PCtTBFc0OgcYbz53XLY2skwOtEI/MorRJjXX9vmb2s0JT57bCx8xNmq/LwDliMOciFdn/y37eXjhDXXq87MKAHk2NpccIxQ2"
           "yjSZj2qgxt5QZGzu/ZwdCyin5rAbfwmsrosne9ObHCeadr8Qd3QmjpPzKI0UOmTU12O2JMWMi2j100Oa7o0Ko9DKYu1iX7CVGIVzvOdw"
           "G6FZRWRDNJHv3KwTWovE3TEgerwtqJCVveQX3RgSrvBB4J976Kia1GEqUG77WOfhU62u0NeaBoCyeJZ170idP+MC8hi3dCWcIyfV8lTa"
           "F1sqlsA5JQgEZLo6aQ9DIE6TEyTgcSCbcvkanAwQyrz7OKJBaLzFR4q6B+S7sbwPRaRsRNuY1wElmYVgCFr6mRz5TDzjtyos9u2+ioDE"
           "oOoEff4zS04NP15Lqcb/lAYLWDuLZzIxWajcjXZWF4GUmcplDBkDHav8JIz7WBAnSJLx2yGF50yqz+5UC++8ppbkHVcRzwjVGbbXArsB"
           "1YuJLZhakMpOMx1TrGkt3g8WGQExwEtN6jVjSNu5Te64A1KEbqhnCh1lDMztf0B0XB/lqXxGcimGgE0pH+tQ57DT955JGUZbuwGhg9gz"
           "u5vpqyhVOcTqgVxcmmJ6DVyau0SsKADYtfhy2blIcz/VyXtpl9Y+WA+VHZfEfK272MIwaN39AybZ2zQGG2lA6piVxOi/5n8p1gkIti0I"
           "QA9k6NoUv1aw7b6P4vE65Tp7eb0r8yMwDgwfJY5I3GLPLKXoOvUKwEdGFMGZ0j7hKpcBAM4BSAE8FgCLRPQKswCnAK8AUfaV+XV1KWGK"
           "p+6clcNmwlsUKndmlUmCICABgQFop+sOguASkEUWEHgbG1R3eWH0cFH0n8UG5iP6a4qBvkIMMCefxJvYVKctUKnlaT7S2Qu8mPZkXaqU"
           "W/lTjTVS+Ec5XamV1tHZa1v9YsNcW9Ihqx1jSMkD01KbBFwDyIWlS6SoAkBAofA6W/BPVWRKzhRG5QxAzsNLeeSCHM8SI48wGVG6Vxmu"
           "OArwM0mMUgBFwFLoGQiUSnhnfRfT2pgudhr/gOf4z0vYzpwd8srJfLi8Q/6pww8ZNKQgWglz5uUeJyHlVnJt8UaVFfOweBoCAeSRB8Bj"
           "6T388xd8beTSgtrcx7x3gBe/9NnXCLSnc+tUefDHowBsXejJlO6UzMdYB3jMjEK5mxlkAMjK15Z2CsDb9UTU8ICGrN9AIfDLKTDw6KaH"
           "mvpZSm4z4+2q2IlDeEB+rawaWk3qPBeVASPcfQNe+wrwga78n+fErN1HwqEcTkY2ISfQ0H+tPPVQFEfUvs6YRCQAvUeHp8qTAbQ403rp"
           "Lh4ScXlpC5HD8Ny8k+SzQELfH7E5IW7yy6UI/Kz1/fxGTgQHQZuEkqKjDE0BDdlrURkrC3iaVfqVhirBZEuIYB6Ss6FPXpkw+St1+ZUs"
           "G/u2dWVgzVVO1eVt8MiNsfVgRo73wrMyDRTT+ylaYsUBX044aQZGAGmSJw6LGKU8XIk2BPAxLSi3WOQMyiVYfeQKUhWzZGCUmz1BgHy8"
           "Wb3obC1wCrXiDBDd+pSDWxRJkeoOR5v2iO4e9sO8M2Zy7oxWwFhtqEQv5N0IfICmo5TyyygnF0Ms+pLshvH5dNjeyYAGiy6d6uDjvS43"
           "ywUnt1yTHyCXsh6o/CRMdk8AWWSYiMHKgk57SQLCrrkq3YKe60EyKhYQ+g+Ml08IGtpZVt7KGx7QPTC3zxsBAJYASAEBAAA="),
    _frame("small numbers", bytes(b % 5 for b in noise(600)),
           "KLUv/WBYARUHAHZaIoMSEiAAIAAgAHdfUsyAOMNYguAha8CmQSynWCMYJbxHGDFcLsC9K+QM+FQSzwFNMeESKCXe5tooFknEic7DBF6l"
           "SDoo7EiHIE0oh6FIOlis40RkB6DGi76HLZFXqoJ07JI0qlEpHygMBajusTmhDRLhdmUffUxjw2axBjAk5iSUi0KAhKiJnhUCIACRGExj"
           "icm3FWlLrK2Dofd8YVtwXSlK3HncAV1zBdOmVgjg2010NtWVbYxrBTftmSbbuA25dlyTsdkbLSOOzTzUNTTYeH7IY7MRCkETTWcUEAC2"
           "5Qw="),
    _frame("equal literals", noise(700, 4) + b"".join(b"." + noise(700, 4)[k * 9:k * 9 + 9] for k in range(75)),
           "KLUv/QBo4BUAGWb7fy+QgpVCS0V5nRdn5bWTgIEpyvMQekMPXYrH6OPW8PM/c3ZkVso5SEYTDmEOkkrF/JQPNdooWT7XnscSN8EqJLrT"
           "z4XNTYwBc1ON+PL53P49OLEyJa5/Xz4Zu9SSkmoDCIlx3JKEnOcal2wkKqKho11NiuKJxA/pqjN7J40ACgtByzZiPSfCc1EVg9xORfEq"
           "dAtxO6AiYFQyJN8Cv8VhsXzT9Q5l7lQcMAeqGPWZJQ6aqj43AIDKGe8kv13CmMdv0teH2KORrFvRo7rRuFiTxOZiys5ClqWw+Wv0MSww"
           "lL1aEMK5j8ghp0oiif4vOJXHcWrr9/0cSo9nMFV2lUchES63gKjASgt4s7zxmPHzgoxT/HurysoPMVKtuiOXk8XmZAKXns/RwkcmqcmW"
           "mD+zjaNPUeBBV04L0hn7MMjO2LIUKuGSVBSfjLki6vC51n5CeppFkfp9Xpf+q/CWwK6y7VdnNnzmyvi+hV0qn+9uPSLwFy+0jPOXTe+d"
           "ckwZ7KsPRvFsVR6tJ1WhkmOa0MBHpRz850GQcFKkvSVYSmlBG5H2AF0VlHODySb7bNr1hfREF4NGMJ2t5RR/fHqJSGNb64LM37Pf1mSU"
           "LM8dV/ZznHb54iN7TWOqFk/bsAFQC8KUAIzMJ5iMIyvKRk4HakOYtNlSVhc1SPghQnjSqRfxqASIevtqV04WCBqY1+TqrT510Au3/vAV"
           "J65zjLl5Ns1ltDTNRXO01JejMvyR5g5p6DH2RR8oFIOQNPhPO2pEV1IbGryAO0bX/XIqrFMEbS/tYWM5ZIs6SIks6vkyc9tHxbJTgYa5"
           "pg2g8Bve9TagtqV9Lh1gIvodbA1hwnWNkFQY8PZSLuVrL9iTHcxPdT+4afxwKeri7LqQT3Ti3K/+OKJOHWlQuC71/tNIrDm44eyPVkCX"
           "2san101rPJwDAMIEBAXgD1buAgEAAAAAAAAAABBLmBDwBwkQTvwKEyI8aLAgwYECAwL8118/fvvoy4fvnr169ObJiwfvnbt27NalLh26"
           "c+bKkRsnLhy4b966cdtWWzZs11irRm2atGjQnjlrxmxZZcmQHTNWjNgwwoIBqyIBAAA="),
]

# AES-256-GCM: key, nonce, additional data, text, ciphertext, tag: test cases 13 to 16 of the GCM specification.
_KEY = "feffe9928665731c6d6a8f9467308308" * 2
_TEXT = ("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
         "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255")
_CIPHER = ("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
           "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad")
GCM = [tuple(bytes.fromhex(text) for text in case) for case in (
    ("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "", "00" * 16, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
    (_KEY, "cafebabefacedbaddecaf888", "", _TEXT, _CIPHER, "b094dac5d93471bdec1a502270e3cc6c"),
    (_KEY, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2", _TEXT[:120], _CIPHER[:120],
     "76fc6ece0f4e1768cddf8853bb2d551b"),
)]

# Argon2id: password, salt, KiB, passes, lanes, result.
ARGON2 = [
    (b"password", b"somesalt", 8, 1, 1,
     "f137f8e186a403a679ccd0606e5ab5dcdafe43c1640855ac8c6e33e9bd63eeb3"),
    (b"password", b"somesalt", 256, 2, 1,
     "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
    (b"password", b"somesalt", 256, 2, 2,
     "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
    (b"", b"12345678", 257, 3, 2,
     "8f3f5437c9086a0ea2448afe60e4d7c1e382b0f6bbc95d4711455549b61e4d2a36bae970242474dc1dc8949aec3c30ce8cfe"
     "96cc4dc690f672629c67c02189cd"),
    (b"x" * 200, b"ssssssssssssssssssssssssssssssss", 600, 1, 3,
     "28ee022ac0797c5484f870336005ce2f71"),
    (b"differentpassword", b"0123456789abcdef", 1024, 1, 4,
     "f2f97a13713eae52057c742210b9d49a7a019164410b8ea35f5cd5ead5e432db5a7433ff3d015938b0a0da336fe6dd0bbf41"
     "6217b6c4f56a19bdd731735b84a504b9c44f8350ef11d1fe41eb11e667fe"),
]
