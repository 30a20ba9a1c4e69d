#include "encrypted.hpp"

#include <array>

#include "wire.hpp"

namespace freellmapi::bench {

std::unique_ptr<SSL_CTX, SslFree> tls_context(const std::string& certificate, const std::string& key) {
  std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    stop("no certificate in " + certificate + " and " + key);
  }
  return context;
}

Encrypted::Encrypted(SSL_CTX* context)
    : ssl_(SSL_new(context)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
}

bool Encrypted::take(std::string_view wire, std::string& plain) {
  if (BIO_write(in_, wire.data(), static_cast<int>(wire.size())) != static_cast<int>(wire.size()))
    return false;
  std::array<char, 16 * 1024> piece{};
  while (true) {
    const int n = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (n <= 0) return SSL_get_error(ssl_.get(), n) == SSL_ERROR_WANT_READ;
    plain.append(piece.data(), static_cast<std::size_t>(n));
  }
}

bool Encrypted::write(std::string_view plain) {
  return SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) ==
         static_cast<int>(plain.size());
}

std::string Encrypted::outgoing() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

int Encrypted::finished() noexcept {
  if (told_ || SSL_is_init_finished(ssl_.get()) != 1) return 0;
  told_ = true;
  return SSL_session_reused(ssl_.get()) == 1 ? 2 : 1;
}

}  // namespace freellmapi::bench
