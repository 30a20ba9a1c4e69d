#include "net/address.hpp"

#include <gtest/gtest.h>

namespace freellmapi::net {
namespace {

Reach reach(const char* text) { return reach_of(boost::asio::ip::make_address(text)); }

TEST(Address, OfMetadataServicesAndHiddenFormsIsNeverDialled) {
  for (const char* text : {"169.254.169.254", "169.254.0.1", "100.100.100.200", "fe80::1", "fd00:ec2::254",
                           "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254",
                           "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:a9fe:a9fe::", "::7f00:1",
                           "2001:0:1::1", "ff02::1", "224.0.0.1", "255.255.255.255", "192.0.0.192"}) {
    EXPECT_EQ(reach(text), Reach::never) << text;
  }
}

TEST(Address, OfThisMachineOrNetworkIsLocal) {
  for (const char* text :
       {"127.0.0.1", "127.255.255.255", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "100.64.0.1", "::1", "::", "fc00::1", "fd12:3456::1"}) {
    EXPECT_EQ(reach(text), Reach::local) << text;
  }
}

TEST(Address, OfTheInternetIsDialledEverywhere) {
  for (const char* text :
       {"8.8.8.8", "172.32.0.1", "100.128.0.1", "169.253.0.1", "2606:4700::1111", "2a00::1"}) {
    EXPECT_EQ(reach(text), Reach::everywhere) << text;
  }
}

TEST(Address, NamesOfMetadataServicesAreForbidden) {
  for (const char* name :
       {"metadata", "metadata.google.internal", "METADATA.google.internal.", "metadata."}) {
    EXPECT_TRUE(is_forbidden_name(name)) << name;
  }
  EXPECT_FALSE(is_forbidden_name("metadatas.example"));
  EXPECT_FALSE(is_forbidden_name("api.metadata.example"));
}

}  // namespace
}  // namespace freellmapi::net
