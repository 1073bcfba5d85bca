#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL offers as macros, which Swift does not see.

static inline int hpm_tls_set_lowest_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }

static inline void hpm_tls_set_highest_version(SSL_CTX *context, int version) { SSL_CTX_set_max_proto_version(context, version); }

static inline void hpm_tls_forbid_renegotiation(SSL_CTX *context) { SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION); }

static inline void hpm_tls_release_idle_buffers(SSL_CTX *context) { SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); }

static inline void hpm_tls_keep_no_sessions(SSL_CTX *context) { SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }
