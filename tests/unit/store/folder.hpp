// A folder of its own for each test, gone afterwards.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace freellmapi::store::test {

class Folder : public testing::Test {
 protected:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "freellmapi-store-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    database = folder / "freellmapi.db";
    key_file = folder / "vault.key";
  }
  ~Folder() override {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }

  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }
  static unsigned mode(const std::filesystem::path& file) {
    struct stat s {};
    return ::stat(file.c_str(), &s) == 0 ? s.st_mode & 0777U : 0;
  }

  std::filesystem::path folder, database, key_file;
};

}  // namespace freellmapi::store::test
