/* A story that libfido2 tells to the authenticator of a `keyfold agent` in test mode: libfido2_story PORT

Its CTAPHID goes over the agent's UDP port on loopback; CTAPHID, CTAP2 and every check of a signature are libfido2's own. Each
step that holds is a line; at the first that does not it ends with 1. What libfido2 takes without a look is looked at here. */

#include <openssl/sha.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <fido.h>
#include <fido/config.h>
#include <fido/credman.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/es384.h>

#define PACKET 64
#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
/* A map of extension outputs, as bytes: canonical CBOR leaves no choice. */
#define OUTPUTS(map) (map), sizeof(map) - 1
#define NO_OUTPUTS OUTPUTS("")

#define SHORT_PIN "1234"
/* Ten characters in twelve bytes. */
#define PIN "gr\xc3\xbc\xc3\x9f" "e-4711"
#define LONGER_PIN "fifteen letters"
#define OTHER_PIN "another fifteen"
#define WRONG_PIN "4321"
#define ATTEMPTS 8

static const int ALGORITHMS[] = {COSE_ES256, COSE_EDDSA, COSE_ES384};
static const char *const NAMES[] = {"ES256", "EdDSA", "ES384"};

static const char *port;
static fido_dev_t *device;
static time_t powered;

/* What is said */

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void holds(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("failed: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void holds(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
}

static void check(bool condition, const char *what)
{
    if (!condition)
        fail("%s", what);
}

static void must(int result, const char *what)
{
    if (result != FIDO_OK)
        fail("%s: %s (0x%02x)", what, fido_strerr(result), (unsigned)result);
}

static void refused(int result, int with, const char *what)
{
    if (result != with)
        fail("%s: %s (0x%02x), not %s", what, fido_strerr(result), (unsigned)result, fido_strerr(with));
}

static bool same(const void *one, size_t length, const void *other, size_t other_length)
{
    return one != NULL && other != NULL && length == other_length && memcmp(one, other, length) == 0;
}

static bool says(const char *text, const char *expected)
{
    return text != NULL && strcmp(text, expected) == 0;
}

/* The line */

static int connected(void)
{
    struct sockaddr_in agent = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    agent.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int line = socket(AF_INET, SOCK_DGRAM, 0);
    if (line < 0 || connect(line, (struct sockaddr *)&agent, sizeof(agent)) != 0)
        fail("no socket for port %s", port);
    return line;
}

static void *line_open(const char *path)
{
    (void)path;
    int *line = malloc(sizeof(*line));
    if (line != NULL)
        *line = connected();
    return line;
}

static void line_close(void *handle)
{
    close(*(int *)handle);
    free(handle);
}

static int line_read(void *handle, unsigned char *packet, size_t length, int milliseconds)
{
    struct pollfd waits = {.fd = *(int *)handle, .events = POLLIN};
    if (length != PACKET || poll(&waits, 1, milliseconds) != 1)
        return -1;
    return (int)recv(waits.fd, packet, length, 0);
}

static int line_write(void *handle, const unsigned char *report, size_t length)
{
    unsigned char packet[PACKET];
    /* The number of the report, which is 0 and no part of the packet, goes first. */
    if (length != PACKET + 1 || report[0] != 0)
        return -1;
    memcpy(packet, report + 1, PACKET);
    return send(*(int *)handle, packet, PACKET, 0) == PACKET ? (int)length : -1;
}

static fido_dev_t *opened(void)
{
    static const fido_dev_io_t line = {line_open, line_close, line_read, line_write};
    fido_dev_t *new = fido_dev_new();
    check(new != NULL, "no memory");
    must(fido_dev_set_io_functions(new, &line), "fido_dev_set_io_functions");
    must(fido_dev_set_timeout(new, 30000), "fido_dev_set_timeout");
    must(fido_dev_open(new, "keyfold"), "fido_dev_open");
    return new;
}

static void closed(fido_dev_t *old)
{
    must(fido_dev_close(old), "fido_dev_close");
    fido_dev_free(&old);
}

/* Somebody unplugs it and plugs it in again. Channels are gone with that. */
static void power_cycle(void)
{
    unsigned char packet[PACKET] = {0xac, 0x10, 0x52, 0xca};
    int line = connected(), left;
    check(send(line, packet, PACKET, 0) == PACKET, "a power cycle is not sent");
    close(line);
    powered = time(NULL);
    refused(fido_dev_get_retry_count(device, &left), FIDO_ERR_RX, "a channel from before a power cycle");
    closed(device);
    device = opened();
}

/* What the device says of itself */

static fido_cbor_info_t *info(void)
{
    fido_cbor_info_t *told = fido_cbor_info_new();
    check(told != NULL, "no memory");
    must(fido_dev_get_cbor_info(device, told), "authenticatorGetInfo");
    return told;
}

static bool is_among(const char *text, char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (says(texts[i], text))
            return true;
    return false;
}

/* 1 and 0 for true and false, -1 for an option that is not there. */
static int option(const char *name)
{
    fido_cbor_info_t *told = info();
    int value = -1;
    for (size_t i = 0; i < fido_cbor_info_options_len(told); i++)
        if (says(fido_cbor_info_options_name_ptr(told)[i], name))
            value = fido_cbor_info_options_value_ptr(told)[i];
    fido_cbor_info_free(&told);
    return value;
}

static bool is_new_pin_required(void)
{
    fido_cbor_info_t *told = info();
    bool is = fido_cbor_info_new_pin_required(told);
    fido_cbor_info_free(&told);
    return is;
}

static uint64_t min_pin_length(void)
{
    fido_cbor_info_t *told = info();
    uint64_t length = fido_cbor_info_minpinlen(told);
    fido_cbor_info_free(&told);
    return length;
}

static int attempts_left(void)
{
    int left;
    must(fido_dev_get_retry_count(device, &left), "getPINRetries");
    return left;
}

/* Credentials */

/* Another hash each time. */
static const unsigned char *client_data(void)
{
    static unsigned char hash[SHA256_DIGEST_LENGTH];
    static unsigned count;
    count++;
    SHA256((unsigned char *)&count, sizeof(count), hash);
    return hash;
}

static fido_cred_t *wish(int algorithm, const char *rp, const char *user, fido_opt_t resident)
{
    char display[64];
    snprintf(display, sizeof(display), "%s Example", user);
    fido_cred_t *cred = fido_cred_new();
    check(cred != NULL, "no memory");
    must(fido_cred_set_type(cred, algorithm), "fido_cred_set_type");
    must(fido_cred_set_clientdata_hash(cred, client_data(), SHA256_DIGEST_LENGTH), "fido_cred_set_clientdata_hash");
    must(fido_cred_set_rp(cred, rp, "Example"), "fido_cred_set_rp");
    must(fido_cred_set_user(cred, (const unsigned char *)user, strlen(user), user, display, NULL), "fido_cred_set_user");
    must(fido_cred_set_rk(cred, resident), "fido_cred_set_rk");
    return cred;
}

static fido_cred_t *with_extensions(fido_cred_t *cred, int extensions)
{
    must(fido_cred_set_extensions(cred, extensions), "fido_cred_set_extensions");
    return cred;
}

static void exclude(fido_cred_t *cred, const fido_cred_t *other)
{
    must(fido_cred_exclude(cred, fido_cred_id_ptr(other), fido_cred_id_len(other)), "fido_cred_exclude");
}

/* A COSE key as CTAP2 wants it to the byte, from the coordinates that libfido2 read. */
static size_t cose_key(const fido_cred_t *cred, unsigned char *key)
{
    static const struct { int algorithm; const char *head, *between; size_t head_length, coordinate; bool has_y; } KINDS[] = {
        {COSE_ES256, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", "\x22\x58\x20", 10, 32, true},
        {COSE_EDDSA, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", NULL, 10, 32, false},
        {COSE_ES384, "\xa5\x01\x02\x03\x38\x22\x20\x02\x21\x58\x30", "\x22\x58\x30", 11, 48, true},
    };
    const unsigned char *coordinates = fido_cred_pubkey_ptr(cred);
    for (size_t i = 0; i < LENGTH(KINDS); i++) {
        if (KINDS[i].algorithm != fido_cred_type(cred))
            continue;
        size_t length = KINDS[i].head_length, coordinate = KINDS[i].coordinate;
        check(fido_cred_pubkey_len(cred) == coordinate * (KINDS[i].has_y ? 2 : 1), "the public key has another length");
        memcpy(key, KINDS[i].head, length);
        memcpy(key + length, coordinates, coordinate);
        length += coordinate;
        if (KINDS[i].has_y) {
            memcpy(key + length, KINDS[i].between, 3);
            memcpy(key + length + 3, coordinates + coordinate, coordinate);
            length += 3 + coordinate;
        }
        return length;
    }
    fail("a key of algorithm %d", fido_cred_type(cred));
}

static void look_at(const fido_cred_t *cred, bool verified, const char *outputs, size_t outputs_length)
{
    unsigned char hash[SHA256_DIGEST_LENGTH], key[128];
    const unsigned char *data = fido_cred_authdata_raw_ptr(cred);
    size_t length = fido_cred_authdata_raw_len(cred), id_length = fido_cred_id_len(cred);
    size_t key_length = cose_key(cred, key), head = 32 + 1 + 4 + 16 + 2;
    check(says(fido_cred_fmt(cred), "packed"), "the attestation is of another format than packed");
    check(length == head + id_length + key_length + outputs_length, "the authenticator data has another length");
    SHA256((const unsigned char *)fido_cred_rp_id(cred), strlen(fido_cred_rp_id(cred)), hash);
    check(memcmp(data, hash, sizeof(hash)) == 0, "the relying party's hash is another");
    uint8_t flags = data[32], expected = CTAP_AUTHDATA_USER_PRESENT | CTAP_AUTHDATA_ATT_CRED;
    expected |= (verified ? CTAP_AUTHDATA_USER_VERIFIED : 0) | (outputs_length > 0 ? CTAP_AUTHDATA_EXT_DATA : 0);
    /* 0x08 and 0x10 are WebAuthn's: whether it may be backed up, and whether it is. */
    check((flags & ~0x18) == expected, "the flags are others");
    check((flags & 0x18) != 0x10, "it is backed up though it may not be");
    fido_cbor_info_t *told = info();
    check(memcmp(data + 37, fido_cbor_info_aaguid_ptr(told), 16) == 0, "the AAGUID is another than in getInfo");
    check(id_length > 0 && id_length <= fido_cbor_info_maxcredidlen(told), "the credential id is too long");
    fido_cbor_info_free(&told);
    check((size_t)(data[53] << 8 | data[54]) == id_length, "the credential id has another length");
    check(memcmp(data + head, fido_cred_id_ptr(cred), id_length) == 0, "the credential id is another");
    check(memcmp(data + head + id_length, key, key_length) == 0, "the public key is not canonical CBOR");
    check(memcmp(data + head + id_length + key_length, outputs, outputs_length) == 0, "the extension outputs are others");
}

static fido_cred_t *make(fido_cred_t *cred, const char *pin, const char *outputs, size_t outputs_length)
{
    must(fido_dev_make_cred(device, cred, pin), "authenticatorMakeCredential");
    look_at(cred, pin != NULL, outputs, outputs_length);
    must(fido_cred_verify_self(cred), "the self attestation");
    return cred;
}

/* One whose extensions say anything else than what was asked for, be it a length that was asked to be told: libfido2 does not
   take that for attested. */
static void make_with_others(fido_cred_t *cred, const char *pin, const char *outputs, size_t outputs_length)
{
    must(fido_dev_make_cred(device, cred, pin), "authenticatorMakeCredential");
    look_at(cred, pin != NULL, outputs, outputs_length);
    refused(fido_cred_verify_self(cred), FIDO_ERR_INVALID_PARAM, "a credential with other extensions");
}

/* Assertions */

static fido_assert_t *ask(const char *rp)
{
    fido_assert_t *assertion = fido_assert_new();
    check(assertion != NULL, "no memory");
    must(fido_assert_set_clientdata_hash(assertion, client_data(), SHA256_DIGEST_LENGTH), "fido_assert_set_clientdata_hash");
    must(fido_assert_set_rp(assertion, rp), "fido_assert_set_rp");
    must(fido_assert_set_up(assertion, FIDO_OPT_TRUE), "fido_assert_set_up");
    return assertion;
}

static void allow(fido_assert_t *assertion, const fido_cred_t *cred)
{
    must(fido_assert_allow_cred(assertion, fido_cred_id_ptr(cred), fido_cred_id_len(cred)), "fido_assert_allow_cred");
}

static fido_assert_t *ask_of(const fido_cred_t *cred)
{
    fido_assert_t *assertion = ask(fido_cred_rp_id(cred));
    allow(assertion, cred);
    return assertion;
}

static fido_assert_t *get(fido_assert_t *assertion, const char *pin)
{
    if (pin != NULL)
        must(fido_assert_set_uv(assertion, FIDO_OPT_TRUE), "fido_assert_set_uv");
    must(fido_dev_get_assert(device, assertion, pin), "authenticatorGetAssertion");
    return assertion;
}

static void get_refused(fido_assert_t *assertion, const char *pin, int with, const char *what)
{
    refused(fido_dev_get_assert(device, assertion, pin), with, what);
    fido_assert_free(&assertion);
}

static int verification(const fido_assert_t *assertion, size_t index, const fido_cred_t *cred)
{
    const unsigned char *key = fido_cred_pubkey_ptr(cred);
    size_t length = fido_cred_pubkey_len(cred);
    es256_pk_t *es256 = es256_pk_new();
    es384_pk_t *es384 = es384_pk_new();
    eddsa_pk_t *eddsa = eddsa_pk_new();
    int result = FIDO_ERR_UNSUPPORTED_ALGORITHM;
    switch (fido_cred_type(cred)) {
    case COSE_ES256:
        must(es256_pk_from_ptr(es256, key, length), "es256_pk_from_ptr");
        result = fido_assert_verify(assertion, index, COSE_ES256, es256);
        break;
    case COSE_ES384:
        must(es384_pk_from_ptr(es384, key, length), "es384_pk_from_ptr");
        result = fido_assert_verify(assertion, index, COSE_ES384, es384);
        break;
    case COSE_EDDSA:
        must(eddsa_pk_from_ptr(eddsa, key, length), "eddsa_pk_from_ptr");
        result = fido_assert_verify(assertion, index, COSE_EDDSA, eddsa);
        break;
    }
    es256_pk_free(&es256);
    es384_pk_free(&es384);
    eddsa_pk_free(&eddsa);
    return result;
}

static bool is_of(const fido_assert_t *assertion, size_t index, const fido_cred_t *cred)
{
    const unsigned char *id = fido_assert_id_ptr(assertion, index);
    return same(id, fido_assert_id_len(assertion, index), fido_cred_id_ptr(cred), fido_cred_id_len(cred));
}

/* That this credential signed, and with which flags. */
static void signed_by(const fido_assert_t *assertion, size_t index, const fido_cred_t *cred, bool verified)
{
    check(is_of(assertion, index, cred), "another credential signed");
    must(verification(assertion, index, cred), "fido_assert_verify");
    uint8_t flags = fido_assert_flags(assertion, index) & (CTAP_AUTHDATA_USER_VERIFIED | CTAP_AUTHDATA_ATT_CRED);
    check(flags == (verified ? CTAP_AUTHDATA_USER_VERIFIED : 0), "the assertion's flags are others");
    check(fido_assert_sigcount(assertion, index) >= fido_cred_sigcount(cred), "the counter went back");
}

/* One assertion by this credential, which is named. */
static fido_assert_t *used(const fido_cred_t *cred, const char *pin)
{
    fido_assert_t *assertion = get(ask_of(cred), pin);
    check(fido_assert_count(assertion) == 1, "there is more than one assertion");
    signed_by(assertion, 0, cred, pin != NULL);
    return assertion;
}

static void is_used(const fido_cred_t *cred, const char *pin)
{
    fido_assert_t *assertion = used(cred, pin);
    fido_assert_free(&assertion);
}

/* The story */

static void introduction(void)
{
    device = opened();
    check(fido_dev_is_fido2(device) && fido_dev_protocol(device) == 2, "it is no CTAPHID 2 with CTAP2");
    check((fido_dev_flags(device) & FIDO_CAP_CBOR) != 0 && (fido_dev_flags(device) & FIDO_CAP_NMSG) != 0, "CBOR without U2F");
    check(fido_dev_supports_pin(device) && !fido_dev_has_pin(device), "there is a PIN already");
    check(!fido_dev_supports_uv(device) && !fido_dev_has_uv(device), "nobody can be verified in test mode");
    check(fido_dev_supports_credman(device) && fido_dev_supports_cred_prot(device), "credMgmt and credProtect are missing");
    check(fido_dev_supports_permissions(device), "pinUvAuthToken is missing");
    holds("opened: CTAPHID 2, CBOR without U2F");

    fido_cbor_info_t *told = info();
    char **versions = fido_cbor_info_versions_ptr(told), **extensions = fido_cbor_info_extensions_ptr(told);
    size_t count = fido_cbor_info_versions_len(told);
    check(is_among("FIDO_2_0", versions, count) && is_among("FIDO_2_1", versions, count), "versions: FIDO_2_0 and FIDO_2_1");
    check(!is_among("U2F_V2", versions, count), "versions: no U2F_V2");
    static const char *const EXTENSIONS[] = {"credBlob", "credProtect", "hmac-secret", "largeBlobKey", "minPinLength"};
    for (size_t i = 0; i < LENGTH(EXTENSIONS); i++)
        if (!is_among(EXTENSIONS[i], extensions, fido_cbor_info_extensions_len(told)))
            fail("extensions: %s is missing", EXTENSIONS[i]);
    static const struct { const char *name; int value; } OPTIONS[] = {
        {"rk", 1}, {"up", 1}, {"plat", 0}, {"clientPin", 0}, {"alwaysUv", 0}, {"credMgmt", 1}, {"authnrCfg", 1},
        {"largeBlobs", 1}, {"pinUvAuthToken", 1}, {"setMinPINLength", 1}, {"makeCredUvNotRqd", 1},
    };
    for (size_t i = 0; i < LENGTH(OPTIONS); i++)
        if (option(OPTIONS[i].name) != OPTIONS[i].value)
            fail("options: %s is not %d", OPTIONS[i].name, OPTIONS[i].value);
    for (size_t i = 0; i < LENGTH(ALGORITHMS); i++) {
        bool is_there = false;
        for (size_t j = 0; j < fido_cbor_info_algorithm_count(told); j++)
            is_there |= fido_cbor_info_algorithm_cose(told, j) == ALGORITHMS[i]
                && says(fido_cbor_info_algorithm_type(told, j), "public-key");
        if (!is_there)
            fail("algorithms: %s is missing", NAMES[i]);
    }
    const uint8_t *protocols = fido_cbor_info_protocols_ptr(told);
    check(same(protocols, fido_cbor_info_protocols_len(told), "\x02\x01", 2), "pinUvAuthProtocols: 2, then 1");
    check(fido_cbor_info_maxmsgsiz(told) >= 1024, "maxMsgSize: at least 1024");
    check(fido_cbor_info_maxcredcntlst(told) > 0 && fido_cbor_info_maxcredidlen(told) > 0, "limits of lists");
    check(fido_cbor_info_maxcredbloblen(told) >= 32, "maxCredBlobLength: at least 32");
    check(fido_cbor_info_maxlargeblob(told) >= 1024, "maxSerializedLargeBlobArray: at least 1024");
    check(fido_cbor_info_minpinlen(told) == 4 && !fido_cbor_info_new_pin_required(told), "minPINLength: 4");
    check(fido_cbor_info_maxrpid_minpinlen(told) > 0, "maxRPIDsForSetMinPINLength");
    check(fido_cbor_info_rk_remaining(told) > 0, "remainingDiscoverableCredentials");
    fido_cbor_info_free(&told);
    holds("getInfo: versions, extensions, options, algorithms, protocols and limits");

    /* While one channel is open another is as good. */
    fido_dev_t *first = device;
    device = opened();
    check(option("rk") == 1, "the second channel");
    closed(device);
    device = first;
    must(fido_dev_cancel(device), "fido_dev_cancel");
    check(option("rk") == 1, "the first channel");
    holds("two channels at once, and a cancellation of nothing");
}

static void is_touched(const char *when)
{
    int touched = 0;
    must(fido_dev_get_touch_begin(device), "fido_dev_get_touch_begin");
    must(fido_dev_get_touch_status(device, &touched, 5000), "fido_dev_get_touch_status");
    check(touched == 1, when);
}

static void before_a_pin(void)
{
    is_touched("it is touched before there is a PIN");
    fido_cred_t *cred = make(wish(COSE_ES256, "before.example", "early", FIDO_OPT_TRUE), NULL, NO_OUTPUTS);
    is_used(cred, NULL);
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_PIN_NOT_SET, "a PIN before one is set");
    fido_cred_free(&cred);
    holds("without a PIN: a touch, a resident credential, an assertion");
}

static void pins(void)
{
    must(fido_dev_set_pin(device, SHORT_PIN, NULL), "setPIN");
    check(fido_dev_has_pin(device) && option("clientPin") == 1, "clientPin is true");
    check(attempts_left() == ATTEMPTS, "all attempts are there");
    refused(fido_dev_set_pin(device, PIN, NULL), FIDO_ERR_PIN_AUTH_INVALID, "setPIN where there is one");
    holds("a PIN is set, once");

    must(fido_dev_set_pin(device, PIN, SHORT_PIN), "changePIN");
    holds("the PIN is changed");

    refused(fido_dev_set_pin(device, WRONG_PIN, SHORT_PIN), FIDO_ERR_PIN_INVALID, "changePIN with the old PIN");
    check(attempts_left() == ATTEMPTS - 1, "one attempt is gone");
    fido_cred_t *cred = wish(COSE_ES256, "pin.example", "somebody", FIDO_OPT_TRUE);
    refused(fido_dev_make_cred(device, cred, WRONG_PIN), FIDO_ERR_PIN_INVALID, "a token for a wrong PIN");
    check(attempts_left() == ATTEMPTS - 2, "two attempts are gone");
    holds("a wrong PIN is refused, and costs an attempt");

    make(cred, PIN, NO_OUTPUTS);
    check(attempts_left() == ATTEMPTS, "the right PIN brings all attempts back");
    is_touched("it is touched where there is a PIN");
    holds("the right PIN is taken, and brings all attempts back");

    for (int i = 0; i < 2; i++)
        refused(fido_dev_make_cred(device, cred, WRONG_PIN), FIDO_ERR_PIN_INVALID, "a wrong PIN");
    refused(fido_dev_make_cred(device, cred, WRONG_PIN), FIDO_ERR_PIN_AUTH_BLOCKED, "the third wrong PIN in a row");
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_PIN_AUTH_BLOCKED, "the right PIN after three wrong ones");
    check(attempts_left() == ATTEMPTS - 3, "the right PIN, which is not tried, costs nothing");
    power_cycle();
    check(attempts_left() == ATTEMPTS - 3, "a power cycle brings no attempt back");
    make(cred, PIN, NO_OUTPUTS);
    check(attempts_left() == ATTEMPTS, "the right PIN brings all attempts back");
    fido_cred_free(&cred);
    holds("three wrong PINs in a row block until the power is cycled, which ends channels too");
}

static void credentials(void)
{
    fido_cred_t *cred = wish(COSE_ES256, "example.com", "nobody", FIDO_OPT_TRUE);
    refused(fido_dev_make_cred(device, cred, NULL), FIDO_ERR_PIN_REQUIRED, "a resident credential without the PIN");
    must(fido_cred_set_rk(cred, FIDO_OPT_OMIT), "fido_cred_set_rk");
    make(cred, NULL, NO_OUTPUTS);
    is_used(cred, NULL);
    fido_cred_free(&cred);
    cred = wish(COSE_RS256, "example.com", "nobody", FIDO_OPT_OMIT);
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_UNSUPPORTED_ALGORITHM, "RS256");
    fido_cred_free(&cred);
    holds("once there is a PIN, only non-resident credentials are made without it; RS256 is refused");

    fido_cred_t *made[2 * LENGTH(ALGORITHMS)];
    for (size_t i = 0; i < LENGTH(made); i++) {
        size_t algorithm = i / 2;
        bool resident = i % 2 == 1;
        char user[32];
        snprintf(user, sizeof(user), "%s %zu", NAMES[algorithm], i);
        fido_opt_t option = resident ? FIDO_OPT_TRUE : FIDO_OPT_FALSE;
        made[i] = make(wish(ALGORITHMS[algorithm], "example.com", user, option), PIN, NO_OUTPUTS);
        is_used(made[i], PIN);
        is_used(made[i], NULL);
        const char *kind = resident ? "resident" : "non-resident";
        holds("%s: a %s credential is made, and signs with the PIN and without", NAMES[algorithm], kind);
    }

    for (size_t i = 0; i < LENGTH(made); i++) {
        fido_assert_t *assertion = used(made[i], PIN);
        fido_cred_t *other = make(wish(fido_cred_type(made[i]), "example.com", "other", FIDO_OPT_FALSE), PIN, NO_OUTPUTS);
        refused(verification(assertion, 0, other), FIDO_ERR_INVALID_SIG, "another key of the same algorithm");
        must(fido_assert_set_clientdata_hash(assertion, client_data(), SHA256_DIGEST_LENGTH), "other client data");
        refused(verification(assertion, 0, made[i]), FIDO_ERR_INVALID_SIG, "a signature over other client data");
        fido_cred_free(&other);
        fido_assert_free(&assertion);
    }
    holds("no signature verifies with another key, or over other client data");

    fido_assert_t *assertion = ask("example.com");
    for (size_t i = 0; i < LENGTH(made); i++)
        allow(assertion, made[i]);
    get(assertion, PIN);
    check(fido_assert_count(assertion) == 1, "one of an allow list signs");
    bool is_among_them = false;
    for (size_t i = 0; i < LENGTH(made); i++) {
        if (is_of(assertion, 0, made[i])) {
            signed_by(assertion, 0, made[i], true);
            is_among_them = true;
        }
    }
    check(is_among_them, "none of the allow list signed");
    fido_assert_free(&assertion);
    assertion = ask("elsewhere.example");
    allow(assertion, made[0]);
    get_refused(assertion, PIN, FIDO_ERR_NO_CREDENTIALS, "another relying party");
    assertion = ask("example.com");
    must(fido_assert_allow_cred(assertion, (const unsigned char *)"unknown", 7), "fido_assert_allow_cred");
    get_refused(assertion, PIN, FIDO_ERR_NO_CREDENTIALS, "an unknown credential");
    holds("an allow list: one of it signs, for its own relying party alone, and none that is unknown");

    assertion = ask_of(made[0]);
    must(fido_assert_set_up(assertion, FIDO_OPT_FALSE), "fido_assert_set_up");
    get(assertion, NULL);
    signed_by(assertion, 0, made[0], false);
    check((fido_assert_flags(assertion, 0) & CTAP_AUTHDATA_USER_PRESENT) == 0, "nobody was asked, and yet somebody is present");
    fido_assert_free(&assertion);
    holds("a silent assertion says that nobody was present");

    cred = wish(COSE_ES256, "example.com", "somebody", FIDO_OPT_FALSE);
    must(fido_cred_exclude(cred, (const unsigned char *)"unknown", 7), "fido_cred_exclude");
    exclude(cred, made[0]);
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_CREDENTIAL_EXCLUDED, "an excluded credential is here");
    fido_cred_free(&cred);
    cred = wish(COSE_ES256, "elsewhere.example", "somebody", FIDO_OPT_FALSE);
    exclude(cred, made[0]);
    make(cred, PIN, NO_OUTPUTS);
    fido_cred_free(&cred);
    holds("an exclude list: only a credential of the same relying party counts");
    for (size_t i = 0; i < LENGTH(made); i++)
        fido_cred_free(&made[i]);
}

static void accounts(void)
{
    static const char *const USERS[] = {"alice", "bob", "carol"};
    fido_cred_t *made[LENGTH(USERS)];
    fido_cred_t *hidden = make(wish(COSE_ES256, "example.org", "dave", FIDO_OPT_FALSE), PIN, NO_OUTPUTS);
    for (size_t i = 0; i < LENGTH(made); i++)
        made[i] = make(wish(ALGORITHMS[i], "example.org", USERS[i], FIDO_OPT_TRUE), PIN, NO_OUTPUTS);
    for (int verified = 1; verified >= 0; verified--) {
        fido_assert_t *assertion = get(ask("example.org"), verified ? PIN : NULL);
        check(fido_assert_count(assertion) == LENGTH(made), "as many assertions as accounts");
        for (size_t i = 0; i < LENGTH(made); i++) {
            /* The youngest is first (CTAP 2.1, 6.2.2). */
            size_t index = LENGTH(made) - 1 - i;
            signed_by(assertion, index, made[i], verified);
            const unsigned char *handle = fido_assert_user_id_ptr(assertion, index);
            size_t length = fido_assert_user_id_len(assertion, index);
            check(same(handle, length, USERS[i], strlen(USERS[i])), "the user's id is another");
            const char *name = fido_assert_user_name(assertion, index);
            const char *display = fido_assert_user_display_name(assertion, index);
            if (verified)
                check(says(name, USERS[i]) && says(display, fido_cred_display_name(made[i])), "the user's names are others");
            else
                check(name == NULL && display == NULL, "the user's names are told without verification");
        }
        fido_assert_free(&assertion);
        const char *names = verified ? "with their names" : "and without the PIN no names";
        holds("three accounts without a list: the youngest first, %s", names);
    }
    fido_cred_t *again = make(wish(COSE_EDDSA, "example.org", "alice", FIDO_OPT_TRUE), PIN, NO_OUTPUTS);
    fido_assert_t *assertion = get(ask("example.org"), PIN);
    check(fido_assert_count(assertion) == LENGTH(made), "as many assertions as accounts");
    signed_by(assertion, 0, again, true);
    fido_assert_free(&assertion);
    get_refused(ask_of(made[0]), PIN, FIDO_ERR_NO_CREDENTIALS, "a replaced credential");
    is_used(hidden, PIN);
    holds("another resident credential for the same user replaces the first");
    for (size_t i = 0; i < LENGTH(made); i++)
        fido_cred_free(&made[i]);
    fido_cred_free(&hidden);
    fido_cred_free(&again);
}

/* hmac-secret's output for salts: 32 bytes for each. */
static void secret(fido_assert_t *assertion, const fido_cred_t *cred, const char *pin, const unsigned char *salts,
    size_t length, unsigned char *output)
{
    must(fido_assert_set_extensions(assertion, FIDO_EXT_HMAC_SECRET), "fido_assert_set_extensions");
    must(fido_assert_set_hmac_salt(assertion, salts, length), "fido_assert_set_hmac_salt");
    get(assertion, pin);
    for (size_t i = 0; i < fido_assert_count(assertion); i++) {
        if (!is_of(assertion, i, cred))
            continue;
        signed_by(assertion, i, cred, pin != NULL);
        check(fido_assert_hmac_secret_len(assertion, i) == length, "hmac-secret's output has another length");
        memcpy(output, fido_assert_hmac_secret_ptr(assertion, i), length);
        fido_assert_free(&assertion);
        return;
    }
    fail("the credential with hmac-secret did not sign");
}

static void hmac_secrets(void)
{
    unsigned char salts[64], one[32], other[32], again[32], both[64];
    memset(salts, 0x11, 32);
    memset(salts + 32, 0x22, 32);
    fido_cred_t *made[2];
    for (size_t i = 0; i < LENGTH(made); i++) {
        made[i] = with_extensions(wish(ALGORITHMS[i], "salt.example", NAMES[i], FIDO_OPT_TRUE), FIDO_EXT_HMAC_SECRET);
        make(made[i], PIN, OUTPUTS("\xa1\x6b" "hmac-secret" "\xf5"));
    }
    secret(ask_of(made[0]), made[0], PIN, salts, 32, one);
    secret(ask_of(made[0]), made[0], PIN, salts, 32, again);
    check(memcmp(one, again, 32) == 0, "the same salt gives another output");
    secret(ask_of(made[0]), made[0], PIN, salts + 32, 32, other);
    check(memcmp(one, other, 32) != 0, "another salt gives the same output");
    secret(ask_of(made[0]), made[0], PIN, salts, 64, both);
    check(memcmp(both, one, 32) == 0 && memcmp(both + 32, other, 32) == 0, "two salts at once give other outputs");
    holds("hmac-secret: the same output twice, another for another salt, both for both");

    secret(ask_of(made[0]), made[0], NULL, salts, 32, other);
    secret(ask_of(made[0]), made[0], NULL, salts, 32, again);
    check(memcmp(one, other, 32) != 0 && memcmp(other, again, 32) == 0, "without the PIN it is another output, the same twice");
    secret(ask_of(made[1]), made[1], PIN, salts, 32, other);
    check(memcmp(one, other, 32) != 0, "another credential gives the same output");
    secret(ask("salt.example"), made[0], PIN, salts, 32, again);
    check(memcmp(one, again, 32) == 0, "without a list the first gives another output");
    secret(ask("salt.example"), made[1], PIN, salts, 32, again);
    check(memcmp(other, again, 32) == 0, "without a list the second gives another output");
    holds("hmac-secret: another output without the PIN, and by each of several accounts its own");
    for (size_t i = 0; i < LENGTH(made); i++)
        fido_cred_free(&made[i]);
}

static void protection(void)
{
    fido_cred_t *listed = wish(COSE_ES256, "listed.example", "alice", FIDO_OPT_TRUE);
    must(fido_cred_set_prot(listed, FIDO_CRED_PROT_UV_OPTIONAL_WITH_ID), "fido_cred_set_prot");
    make(listed, PIN, OUTPUTS("\xa1\x6b" "credProtect" "\x02"));
    get_refused(ask("listed.example"), NULL, FIDO_ERR_NO_CREDENTIALS, "credProtect 2 without PIN or list");
    is_used(listed, NULL);
    fido_assert_t *assertion = get(ask("listed.example"), PIN);
    signed_by(assertion, 0, listed, true);
    fido_assert_free(&assertion);
    holds("credProtect 2: found with the PIN, or by its id");

    fido_cred_t *verified = wish(COSE_EDDSA, "verified.example", "alice", FIDO_OPT_TRUE);
    must(fido_cred_set_prot(verified, FIDO_CRED_PROT_UV_REQUIRED), "fido_cred_set_prot");
    make(verified, PIN, OUTPUTS("\xa1\x6b" "credProtect" "\x03"));
    get_refused(ask("verified.example"), NULL, FIDO_ERR_NO_CREDENTIALS, "credProtect 3 without PIN or list");
    get_refused(ask_of(verified), NULL, FIDO_ERR_NO_CREDENTIALS, "credProtect 3 without PIN");
    is_used(verified, PIN);
    fido_cred_t *cred = wish(COSE_ES256, "verified.example", "bob", FIDO_OPT_FALSE);
    exclude(cred, verified);
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_CREDENTIAL_EXCLUDED, "credProtect 3 excluded, with the PIN");
    make(cred, NULL, NO_OUTPUTS);
    holds("credProtect 3: found with the PIN alone, and an exclude list does not tell of it without");
    fido_cred_free(&listed);
    fido_cred_free(&verified);
    fido_cred_free(&cred);
}

static void small_blobs(void)
{
    unsigned char blob[33];
    memset(blob, 0xb1, sizeof(blob));
    fido_cbor_info_t *told = info();
    check(fido_cbor_info_maxcredbloblen(told) == 32, "maxCredBlobLength is 32");
    fido_cbor_info_free(&told);
    for (size_t length = 32; length <= 33; length++) {
        bool is_kept = length == 32;
        fido_cred_t *cred = wish(COSE_ES384, "blob.example", "alice", FIDO_OPT_TRUE);
        must(fido_cred_set_blob(cred, blob, length), "fido_cred_set_blob");
        if (is_kept) {
            make(cred, PIN, OUTPUTS("\xa1\x68" "credBlob" "\xf5"));
        } else {
            make_with_others(cred, PIN, OUTPUTS("\xa1\x68" "credBlob" "\xf4"));
        }
        fido_assert_t *assertion = ask_of(cred);
        must(fido_assert_set_extensions(assertion, FIDO_EXT_CRED_BLOB), "fido_assert_set_extensions");
        get(assertion, PIN);
        signed_by(assertion, 0, cred, true);
        check(fido_assert_blob_len(assertion, 0) == (is_kept ? length : 0), "the credBlob has another length");
        check(!is_kept || memcmp(fido_assert_blob_ptr(assertion, 0), blob, length) == 0, "the credBlob is another");
        fido_assert_free(&assertion);
        fido_cred_free(&cred);
    }
    holds("credBlob: 32 bytes come back, 33 are not kept");

    int all = FIDO_EXT_HMAC_SECRET | FIDO_EXT_LARGEBLOB_KEY;
    fido_cred_t *cred = with_extensions(wish(COSE_ES256, "all.example", "alice", FIDO_OPT_TRUE), all);
    must(fido_cred_set_blob(cred, blob, 1), "fido_cred_set_blob");
    must(fido_cred_set_prot(cred, FIDO_CRED_PROT_UV_OPTIONAL), "fido_cred_set_prot");
    make(cred, PIN, OUTPUTS("\xa3\x68" "credBlob" "\xf5\x6b" "credProtect" "\x01\x6b" "hmac-secret" "\xf5"));
    fido_assert_t *assertion = ask_of(cred);
    unsigned char salt[32] = {1};
    must(fido_assert_set_extensions(assertion, all | FIDO_EXT_CRED_BLOB), "fido_assert_set_extensions");
    must(fido_assert_set_hmac_salt(assertion, salt, sizeof(salt)), "fido_assert_set_hmac_salt");
    get(assertion, PIN);
    signed_by(assertion, 0, cred, true);
    check(same(fido_assert_blob_ptr(assertion, 0), fido_assert_blob_len(assertion, 0), blob, 1), "the credBlob is another");
    check(fido_assert_hmac_secret_len(assertion, 0) == 32, "hmac-secret's output has another length");
    check(fido_assert_largeblob_key_len(assertion, 0) == 32, "the largeBlobKey has another length");
    fido_assert_free(&assertion);
    fido_cred_free(&cred);
    holds("all extensions at once, in canonical order");
}

static void blob_is(const unsigned char *key, const unsigned char *expected, size_t length, const char *what)
{
    unsigned char *blob = NULL;
    size_t blob_length = 0;
    must(fido_dev_largeblob_get(device, key, 32, &blob, &blob_length), what);
    check(same(blob, blob_length, expected, length), what);
    free(blob);
}

static void no_blob(const unsigned char *key, const char *what)
{
    unsigned char *blob = NULL;
    size_t length = 0;
    refused(fido_dev_largeblob_get(device, key, 32, &blob, &length), FIDO_ERR_NOTFOUND, what);
}

static void large_blobs(void)
{
    fido_cred_t *cred = with_extensions(wish(COSE_ES256, "large.example", "alice", FIDO_OPT_FALSE), FIDO_EXT_LARGEBLOB_KEY);
    refused(fido_dev_make_cred(device, cred, PIN), FIDO_ERR_INVALID_OPTION, "largeBlobKey for a non-resident credential");
    fido_cred_free(&cred);
    fido_cred_t *made[2];
    const unsigned char *keys[2];
    for (size_t i = 0; i < LENGTH(made); i++) {
        made[i] = with_extensions(wish(ALGORITHMS[i], "large.example", NAMES[i], FIDO_OPT_TRUE), FIDO_EXT_LARGEBLOB_KEY);
        make(made[i], PIN, NO_OUTPUTS);
        keys[i] = fido_cred_largeblob_key_ptr(made[i]);
        check(fido_cred_largeblob_key_len(made[i]) == 32, "the largeBlobKey has another length");
        fido_assert_t *assertion = ask_of(made[i]);
        must(fido_assert_set_extensions(assertion, FIDO_EXT_LARGEBLOB_KEY), "fido_assert_set_extensions");
        get(assertion, PIN);
        signed_by(assertion, 0, made[i], true);
        const unsigned char *key = fido_assert_largeblob_key_ptr(assertion, 0);
        check(same(key, fido_assert_largeblob_key_len(assertion, 0), keys[i], 32), "the assertion's largeBlobKey is another");
        fido_assert_free(&assertion);
    }
    check(memcmp(keys[0], keys[1], 32) != 0, "two credentials have the same largeBlobKey");
    holds("largeBlobKey: each resident credential has its own, and tells it again");

    /* It can't be compressed, and so is read and written in several parts. */
    unsigned char large[9000];
    uint32_t noise = 1;
    for (size_t i = 0; i < sizeof(large); i++) {
        noise = noise * 1664525 + 1013904223;
        large[i] = (unsigned char)(noise >> 24);
    }
    /* libfido2 encrypts nothing that is shorter than 16 bytes once it is compressed. */
    const unsigned char *small = large + 1000;
    const size_t length = 40;
    no_blob(keys[0], "a blob before one is written");
    refused(fido_dev_largeblob_set(device, keys[0], 32, small, length, NULL), FIDO_ERR_PIN_REQUIRED, "a blob without the PIN");
    must(fido_dev_largeblob_set(device, keys[0], 32, large, sizeof(large), PIN), "fido_dev_largeblob_set");
    blob_is(keys[0], large, sizeof(large), "the large blob");
    must(fido_dev_largeblob_set(device, keys[1], 32, small, length, PIN), "fido_dev_largeblob_set");
    blob_is(keys[0], large, sizeof(large), "the large blob beside another");
    blob_is(keys[1], small, length, "the other blob");
    holds("large blobs: %zu bytes in several parts, and another beside them", sizeof(large));

    /* CTAP lets a platform write an entry that is of no credential. */
    const unsigned char *foreign = client_data();
    must(fido_dev_largeblob_set(device, foreign, 32, large, 32, PIN), "fido_dev_largeblob_set");
    must(fido_dev_largeblob_set(device, keys[0], 32, small, length, PIN), "fido_dev_largeblob_set");
    power_cycle();
    blob_is(keys[0], small, length, "the blob that took a large one's place");
    blob_is(keys[1], small, length, "the other blob");
    blob_is(foreign, large, 32, "a blob of no credential");
    must(fido_dev_largeblob_remove(device, keys[0], 32, PIN), "fido_dev_largeblob_remove");
    must(fido_dev_largeblob_remove(device, foreign, 32, PIN), "fido_dev_largeblob_remove");
    no_blob(keys[0], "a blob that was removed");
    no_blob(foreign, "a blob of no credential that was removed");
    blob_is(keys[1], small, length, "the blob that stays");
    holds("large blobs: one takes another's place, they outlive a power cycle, and are removed");
    for (size_t i = 0; i < LENGTH(made); i++)
        fido_cred_free(&made[i]);
}

static uint64_t kept(uint64_t *room)
{
    fido_credman_metadata_t *metadata = fido_credman_metadata_new();
    check(metadata != NULL, "no memory");
    must(fido_credman_get_dev_metadata(device, metadata, PIN), "getCredsMetadata");
    uint64_t existing = fido_credman_rk_existing(metadata);
    *room = fido_credman_rk_remaining(metadata);
    fido_credman_metadata_free(&metadata);
    return existing;
}

static fido_credman_rk_t *listed(const char *rp)
{
    fido_credman_rk_t *list = fido_credman_rk_new();
    check(list != NULL, "no memory");
    must(fido_credman_get_dev_rk(device, rp, list, PIN), "enumerateCredentials");
    return list;
}

static const fido_cred_t *of_user(const fido_credman_rk_t *list, const char *user)
{
    for (size_t i = 0; i < fido_credman_rk_count(list); i++) {
        const fido_cred_t *cred = fido_credman_rk(list, i);
        if (same(fido_cred_user_id_ptr(cred), fido_cred_user_id_len(cred), user, strlen(user)))
            return cred;
    }
    fail("enumerateCredentials: %s is missing", user);
}

static void management(void)
{
    uint64_t room, room_before, before = kept(&room_before);
    fido_cred_t *made[3];
    static const char *const USERS[] = {"alice", "bob", "carol"};
    for (size_t i = 0; i < LENGTH(made); i++) {
        made[i] = with_extensions(wish(ALGORITHMS[i], "managed.example", USERS[i], FIDO_OPT_TRUE), FIDO_EXT_LARGEBLOB_KEY);
        must(fido_cred_set_prot(made[i], (int)i + 1), "fido_cred_set_prot");
        const char outputs[] = {'\xa1', '\x6b', 'c', 'r', 'e', 'd', 'P', 'r', 'o', 't', 'e', 'c', 't', (char)(i + 1)};
        make(made[i], PIN, outputs, sizeof(outputs));
    }
    check(kept(&room) == before + LENGTH(made) && room + LENGTH(made) == room_before, "the numbers of credentials are others");
    /* This authenticator keeps the non-resident ones too: they take room, and are none of those that are managed. */
    fido_cred_t *hidden = make(wish(COSE_ES256, "hidden.example", "dave", FIDO_OPT_FALSE), PIN, NO_OUTPUTS);
    check(kept(&room) == before + LENGTH(made), "a non-resident credential is counted");
    fido_credman_metadata_t *metadata = fido_credman_metadata_new();
    refused(fido_credman_get_dev_metadata(device, metadata, WRONG_PIN), FIDO_ERR_PIN_INVALID, "management with a wrong PIN");
    fido_credman_metadata_free(&metadata);
    holds("management: %u resident credentials, and none of the others", (unsigned)(before + LENGTH(made)));

    fido_credman_rp_t *parties = fido_credman_rp_new();
    check(parties != NULL, "no memory");
    must(fido_credman_get_dev_rp(device, parties, PIN), "enumerateRPs");
    size_t in_all = 0, managed = 0;
    for (size_t i = 0; i < fido_credman_rp_count(parties); i++) {
        const char *id = fido_credman_rp_id(parties, i);
        unsigned char hash[SHA256_DIGEST_LENGTH];
        check(id != NULL && strcmp(id, "hidden.example") != 0, "a relying party without resident credentials is told");
        SHA256((const unsigned char *)id, strlen(id), hash);
        const unsigned char *told = fido_credman_rp_id_hash_ptr(parties, i);
        check(same(told, fido_credman_rp_id_hash_len(parties, i), hash, 32), "the relying party's hash is another");
        managed += strcmp(id, "managed.example") == 0;
        fido_credman_rk_t *list = listed(id);
        in_all += fido_credman_rk_count(list);
        fido_credman_rk_free(&list);
    }
    check(managed == 1, "each relying party is told once");
    check(in_all == before + LENGTH(made), "the relying parties' credentials are not all that are counted");
    holds("management: %zu relying parties, whose credentials are all there are", fido_credman_rp_count(parties));
    fido_credman_rp_free(&parties);

    fido_credman_rk_t *list = listed("managed.example");
    check(fido_credman_rk_count(list) == LENGTH(made), "the relying party has another number of credentials");
    for (size_t i = 0; i < LENGTH(made); i++) {
        const fido_cred_t *cred = of_user(list, USERS[i]);
        const unsigned char *id = fido_cred_id_ptr(made[i]), *key = fido_cred_pubkey_ptr(made[i]);
        const unsigned char *blob_key = fido_cred_largeblob_key_ptr(made[i]);
        size_t id_length = fido_cred_id_len(made[i]), key_length = fido_cred_pubkey_len(made[i]);
        check(same(fido_cred_id_ptr(cred), fido_cred_id_len(cred), id, id_length), "the credential id is another");
        check(says(fido_cred_user_name(cred), USERS[i]), "the user's name is another");
        check(says(fido_cred_display_name(cred), fido_cred_display_name(made[i])), "the user's display name is another");
        check(fido_cred_type(cred) == ALGORITHMS[i], "the algorithm is another");
        check(same(fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred), key, key_length), "the public key is another");
        check(fido_cred_prot(cred) == (int)i + 1, "credProtect is another");
        const unsigned char *told = fido_cred_largeblob_key_ptr(cred);
        check(same(told, fido_cred_largeblob_key_len(cred), blob_key, 32), "the largeBlobKey is another");
    }
    fido_credman_rk_free(&list);
    list = fido_credman_rk_new();
    int listing = fido_credman_get_dev_rk(device, "hidden.example", list, PIN);
    refused(listing, FIDO_ERR_NO_CREDENTIALS, "enumerateCredentials of nothing");
    fido_credman_rk_free(&list);
    holds("management: id, user, public key, credProtect and largeBlobKey of each");

    fido_cred_t *renamed = fido_cred_new();
    check(renamed != NULL, "no memory");
    must(fido_cred_set_id(renamed, fido_cred_id_ptr(made[1]), fido_cred_id_len(made[1])), "fido_cred_set_id");
    must(fido_cred_set_user(renamed, (const unsigned char *)"bob", 3, "robert", "Robert", NULL), "fido_cred_set_user");
    must(fido_credman_set_dev_rk(device, renamed, PIN), "updateUserInformation");
    fido_assert_t *assertion = used(made[1], PIN);
    check(says(fido_assert_user_name(assertion, 0), "robert"), "the user's name is the old one");
    check(says(fido_assert_user_display_name(assertion, 0), "Robert"), "the user's display name is the old one");
    fido_assert_free(&assertion);
    must(fido_cred_set_user(renamed, (const unsigned char *)"rob", 3, "rob", "Rob", NULL), "fido_cred_set_user");
    refused(fido_credman_set_dev_rk(device, renamed, PIN), FIDO_ERR_INVALID_PARAMETER, "updateUserInformation for another");
    must(fido_cred_set_id(renamed, (const unsigned char *)"unknown", 7), "fido_cred_set_id");
    refused(fido_credman_set_dev_rk(device, renamed, PIN), FIDO_ERR_NO_CREDENTIALS, "updateUserInformation of nothing");
    fido_cred_free(&renamed);
    holds("management: a user is renamed, and stays the same user");

    const unsigned char *id = fido_cred_id_ptr(made[0]);
    size_t length = fido_cred_id_len(made[0]);
    must(fido_credman_del_dev_rk(device, id, length, PIN), "deleteCredential");
    check(kept(&room) == before + LENGTH(made) - 1, "the number of credentials is another");
    get_refused(ask_of(made[0]), PIN, FIDO_ERR_NO_CREDENTIALS, "a deleted credential");
    refused(fido_credman_del_dev_rk(device, id, length, PIN), FIDO_ERR_NO_CREDENTIALS, "deleteCredential twice");
    list = listed("managed.example");
    check(fido_credman_rk_count(list) == LENGTH(made) - 1, "the relying party has another number of credentials");
    check(says(fido_cred_user_name(of_user(list, "bob")), "robert"), "the user's name is the old one");
    fido_credman_rk_free(&list);
    is_used(made[1], PIN);
    is_used(made[2], PIN);
    holds("management: one is deleted, and the others stay");
    for (size_t i = 0; i < LENGTH(made); i++)
        fido_cred_free(&made[i]);
    fido_cred_free(&hidden);
}

static void configuration(void)
{
    fido_cred_t *cred = make(wish(COSE_ES256, "config.example", "alice", FIDO_OPT_FALSE), NULL, NO_OUTPUTS);
    refused(fido_dev_toggle_always_uv(device, NULL), FIDO_ERR_PIN_REQUIRED, "toggleAlwaysUv without the PIN");
    must(fido_dev_toggle_always_uv(device, PIN), "toggleAlwaysUv");
    check(option("alwaysUv") == 1 && option("makeCredUvNotRqd") == 0, "alwaysUv is true, makeCredUvNotRqd is false");
    get_refused(ask_of(cred), NULL, FIDO_ERR_PIN_REQUIRED, "an assertion without the PIN");
    fido_cred_t *another = wish(COSE_ES256, "config.example", "bob", FIDO_OPT_FALSE);
    refused(fido_dev_make_cred(device, another, NULL), FIDO_ERR_PIN_REQUIRED, "a credential without the PIN");
    make(another, PIN, NO_OUTPUTS);
    is_used(cred, PIN);
    must(fido_dev_toggle_always_uv(device, PIN), "toggleAlwaysUv");
    check(option("alwaysUv") == 0 && option("makeCredUvNotRqd") == 1, "alwaysUv is false, makeCredUvNotRqd is true");
    is_used(cred, NULL);
    holds("alwaysUv: the PIN is asked for always, and no more once it is off");

    must(fido_dev_set_pin_minlen(device, 8, PIN), "setMinPINLength");
    check(min_pin_length() == 8 && !is_new_pin_required(), "the minimum length is 8, and the PIN is long enough");
    refused(fido_dev_set_pin_minlen(device, 7, PIN), FIDO_ERR_PIN_POLICY_VIOLATION, "a smaller minimum length");
    refused(fido_dev_set_pin(device, "1234567", PIN), FIDO_ERR_PIN_POLICY_VIOLATION, "a PIN of 7");
    /* A character counts once, however many bytes it has. */
    int change = fido_dev_set_pin(device, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", PIN);
    refused(change, FIDO_ERR_PIN_POLICY_VIOLATION, "a PIN of 4 in 8 bytes");
    check(min_pin_length() == 8 && attempts_left() == ATTEMPTS, "nothing of that costs an attempt");
    holds("minimum PIN length: it only grows, and counts characters");

    static const char *const TOLD[] = {"told.example"};
    must(fido_dev_set_pin_minlen_rpid(device, TOLD, LENGTH(TOLD), PIN), "setMinPINLength with relying parties");
    fido_cred_t *told = with_extensions(wish(COSE_ES256, "told.example", "alice", FIDO_OPT_FALSE), FIDO_EXT_MINPINLEN);
    make_with_others(told, PIN, OUTPUTS("\xa1\x6c" "minPinLength" "\x08"));
    fido_cred_t *untold = with_extensions(wish(COSE_ES256, "untold.example", "alice", FIDO_OPT_FALSE), FIDO_EXT_MINPINLEN);
    make_with_others(untold, PIN, NO_OUTPUTS);
    holds("minPinLength is told to the relying parties that may know it");

    must(fido_dev_set_pin_minlen(device, 12, PIN), "setMinPINLength");
    check(is_new_pin_required(), "a PIN that is too short now must be changed");
    get_refused(ask_of(cred), PIN, FIDO_ERR_PIN_POLICY_VIOLATION, "a token for a PIN that is too short now");
    must(fido_dev_set_pin(device, LONGER_PIN, PIN), "changePIN");
    check(!is_new_pin_required(), "the new PIN is long enough");
    is_used(cred, LONGER_PIN);
    holds("a PIN that is too short now must be changed");

    must(fido_dev_force_pin_change(device, LONGER_PIN), "setMinPINLength with forceChangePin");
    check(is_new_pin_required(), "the PIN must be changed");
    get_refused(ask_of(cred), LONGER_PIN, FIDO_ERR_PIN_POLICY_VIOLATION, "a token for a PIN that must be changed");
    change = fido_dev_set_pin(device, LONGER_PIN, LONGER_PIN);
    refused(change, FIDO_ERR_PIN_POLICY_VIOLATION, "a PIN that must be changed, changed into itself");
    must(fido_dev_set_pin(device, OTHER_PIN, LONGER_PIN), "changePIN");
    check(!is_new_pin_required(), "the PIN was changed");
    is_used(cred, OTHER_PIN);
    holds("a PIN change is forced, into another one");
    fido_cred_free(&cred);
    fido_cred_free(&another);
    fido_cred_free(&told);
    fido_cred_free(&untold);
}

static void reset(void)
{
    fido_cred_t *cred = with_extensions(wish(COSE_ES256, "reset.example", "alice", FIDO_OPT_TRUE), FIDO_EXT_LARGEBLOB_KEY);
    make(cred, OTHER_PIN, NO_OUTPUTS);
    unsigned char key[32];
    memcpy(key, fido_cred_largeblob_key_ptr(cred), sizeof(key));
    must(fido_dev_largeblob_set(device, key, 32, key, 32, OTHER_PIN), "fido_dev_largeblob_set");
    must(fido_dev_toggle_always_uv(device, OTHER_PIN), "toggleAlwaysUv");
    /* time() tells no fractions, and the agent's clock is read a little later. */
    while (time(NULL) < powered + 12)
        sleep(1);
    refused(fido_dev_reset(device), FIDO_ERR_NOT_ALLOWED, "a reset long after a power cycle");
    is_used(cred, OTHER_PIN);
    holds("a reset is refused more than ten seconds after a power cycle");

    power_cycle();
    must(fido_dev_reset(device), "authenticatorReset");
    check(!fido_dev_has_pin(device) && option("clientPin") == 0, "the PIN is gone");
    check(option("alwaysUv") == 0 && min_pin_length() == 4, "the settings are what they were");
    get_refused(ask_of(cred), NULL, FIDO_ERR_NO_CREDENTIALS, "a credential from before a reset");
    get_refused(ask("example.org"), NULL, FIDO_ERR_NO_CREDENTIALS, "an account from before a reset");
    no_blob(key, "a blob from before a reset");
    fido_cred_free(&cred);
    holds("a reset right after a power cycle takes PIN, settings, credentials and blobs");

    must(fido_dev_set_pin(device, PIN, NULL), "setPIN");
    uint64_t room;
    check(kept(&room) == 0 && attempts_left() == ATTEMPTS, "it is as new");
    fido_cred_t *told = with_extensions(wish(COSE_ES256, "told.example", "alice", FIDO_OPT_TRUE), FIDO_EXT_MINPINLEN);
    make_with_others(told, PIN, NO_OUTPUTS);
    is_used(told, PIN);
    fido_cred_free(&told);
    holds("after a reset all begins anew");
}

int main(int count, char **arguments)
{
    if (count != 2)
        fail("usage: libfido2_story PORT");
    port = arguments[1];
    /* A crash should not take with it what was said. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    powered = time(NULL);
    introduction();
    before_a_pin();
    pins();
    credentials();
    accounts();
    hmac_secrets();
    protection();
    small_blobs();
    large_blobs();
    management();
    configuration();
    reset();
    closed(device);
    return 0;
}
