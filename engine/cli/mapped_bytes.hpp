// The ledger's bytes where they lie when it serves: in a mapped file.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "quota/bytes.hpp"
#include "store/ledger_file.hpp"

namespace freellmapi::cli {

/// Neither room knows the other: `quota` counts in bytes, `store` maps a file. Owns the file.
class MappedBytes final : public quota::Bytes {
 public:
  explicit MappedBytes(store::LedgerFile file) : file_(std::move(file)) {}
  std::span<std::byte> head() noexcept override { return file_.head(); }
  std::size_t blocks() const noexcept override { return file_.blocks(); }
  std::span<std::byte> block(std::size_t index) noexcept override { return file_.block(index); }
  base::Result<void> add_block() override { return file_.add_block(); }
  base::Result<void> flush() override { return file_.flush(); }

 private:
  store::LedgerFile file_;
};

}  // namespace freellmapi::cli
