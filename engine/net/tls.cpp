#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/text.hpp"

namespace freellmapi::net {

namespace {

constexpr std::size_t most_ca_files = 16;

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE; this one never does. It reads the
// descriptor through a pointer, so that a closed socket's number is not used for whatever has the number now.
int descriptor_of(BIO* bio) noexcept { return *static_cast<const int*>(BIO_get_data(bio)); }

bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

int bio_write(BIO* bio, const char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(descriptor_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* bytes, int count) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(descriptor_of(bio), bytes, static_cast<std::size_t>(count), MSG_DONTWAIT);
  if (got < 0 && would_block()) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

const BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

int slot_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* slot = static_cast<SessionSlot*>(SSL_get_ex_data(ssl, slot_index()));
  if (slot == nullptr) return 0;
  slot->session.reset(session);
  return 1;
}

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  const bool is = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  return is;
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const noexcept {
  // Without this OpenSSL takes the connection for a broken one and its session for not resumable.
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

TlsStore::TlsStore() = default;
TlsStore::~TlsStore() = default;

base::Result<std::shared_ptr<SSL_CTX>> TlsStore::context(const std::string& ca_file) {
  const std::lock_guard lock(mutex_);
  for (const Loaded& loaded : contexts_) {
    if (loaded.ca_file == ca_file) return loaded.context;
  }
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SslDeleter{});
  SSL_CTX* raw = context.get();
  if (raw == nullptr) return base::Error(base::Errc::internal, tls_reason(nullptr));
  const int trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw)
                                      : SSL_CTX_load_verify_file(raw, ca_file.c_str());
  if (trusted != 1) {
    return base::Error(base::Errc::io, "cannot load trusted certificates: " + tls_reason(nullptr), ca_file);
  }
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_mode(
      raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);  // a record in one call instead of two
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(raw, keep_session);
  static const unsigned char http11[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(raw, http11, sizeof http11 - 1);
  if (contexts_.size() > most_ca_files) contexts_.erase(contexts_.begin());
  contexts_.push_back(Loaded{ca_file, context});
  return context;
}

SslPtr make_tls(SSL_CTX* context, const std::string& host, const int* descriptor, SessionSlot* slot) {
  SslPtr ssl(SSL_new(context));
  if (!ssl) return nullptr;
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
  if (is_address(host)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) return nullptr;
  } else {
    std::string name = host;
    if (name.ends_with('.')) name.pop_back();
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(verify, name.c_str(), name.size()) != 1) return nullptr;
    if (SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1) return nullptr;
  }
  BIO* bio = BIO_new(bio_method());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, const_cast<int*>(descriptor));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_ex_data(ssl.get(), slot_index(), slot);
  if (slot != nullptr && slot->session) SSL_set_session(ssl.get(), slot->session.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string tls_reason(SSL* ssl) {
  if (ssl != nullptr) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
      ERR_clear_error();
      return std::string("certificate: ") + X509_verify_cert_error_string(verdict);
    }
  }
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "connection broken" : reason;
}

}  // namespace freellmapi::net
