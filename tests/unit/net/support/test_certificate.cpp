#include "support/test_certificate.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

namespace freellmapi::net::testing {

namespace {

std::shared_ptr<EVP_PKEY> make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> make_certificate(const char* name, EVP_PKEY* key, long serial, bool expired) {
  std::shared_ptr<X509> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), expired ? -3'600 : 86'400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority() : key_(make_key()) {
  certificate_ = make_certificate("the test's authority", key_.get(), 1, false);
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  const char* folder = std::getenv("TMPDIR");
  file_ = std::string(folder == nullptr ? "/tmp" : folder) + "/net_test_ca_XXXXXX";
  const int descriptor = ::mkstemp(file_.data());
  FILE* file = ::fdopen(descriptor, "w");
  PEM_write_X509(file, certificate_.get());
  std::fclose(file);
}

TestAuthority::~TestAuthority() { ::unlink(file_.c_str()); }

std::shared_ptr<SSL_CTX> TestAuthority::server(const std::string& names, bool expired) const {
  const std::shared_ptr<EVP_PKEY> key = make_key();
  const std::shared_ptr<X509> certificate = make_certificate("a server", key.get(), 2, expired);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate.get(), certificate_.get(), NID_subject_alt_name, names);
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  static const unsigned char id[] = "net";
  SSL_CTX_set_session_id_context(context.get(), id, sizeof id - 1);
  return context;
}

void serve_tls(RawSocket& socket, SSL_CTX* context, const std::function<bool(SSL*)>& speak) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::shared_ptr<SSL> ssl(SSL_new(context), SSL_free);
  SSL_set_fd(ssl.get(), socket.descriptor());
  if (SSL_accept(ssl.get()) != 1) return;
  if (speak(ssl.get())) SSL_shutdown(ssl.get());
}

std::string tls_read_until(SSL* ssl, const std::string& text) {
  std::string held;
  std::array<char, 4096> piece;
  while (held.find(text) == std::string::npos) {
    const int got = SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
    if (got <= 0) break;
    held.append(piece.data(), static_cast<std::size_t>(got));
  }
  return held;
}

void tls_write(SSL* ssl, const std::string& text) {
  SSL_write(ssl, text.data(), static_cast<int>(text.size()));
}

}  // namespace freellmapi::net::testing
