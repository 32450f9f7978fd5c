// Rows of joined values: what is in common is there once.
#include "compiler/Cpu/SharedRows.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

namespace rondo::cpu {
namespace {

class SharedRowsTest : public ::testing::Test {
protected:
  SharedRowsTest() {
    mlir::Builder builder(&context);
    for (char letter = 'a'; letter <= 'f'; ++letter)
      block.addArgument(builder.getF32Type(), builder.getUnknownLoc());
  }

  /// Lists as words; rows as "word: list at place, list at place".
  std::vector<std::string> rowsOf(const std::vector<std::string> &words) {
    std::vector<llvm::SmallVector<mlir::Value>> lists;
    for (const std::string &word : words) {
      lists.emplace_back();
      for (char letter : word)
        lists.back().push_back(block.getArgument(letter - 'a'));
    }
    std::vector<std::string> texts;
    for (const SharedRow &row : shareRows(lists)) {
      std::string text;
      for (mlir::Value part : row.parts)
        text += char('a' + llvm::cast<mlir::BlockArgument>(part).getArgNumber());
      for (auto [list, place] : row.lists)
        text += " " + words[list] + std::to_string(place);
      texts.push_back(text);
    }
    return texts;
  }

  mlir::MLIRContext context;
  mlir::Block block;
};

using Texts = std::vector<std::string>;

TEST_F(SharedRowsTest, NothingInCommon) {
  EXPECT_EQ(rowsOf({}), Texts{});
  EXPECT_EQ(rowsOf({"a", "bc", "def"}), Texts{});
}

TEST_F(SharedRowsTest, OneWithinAnother) {
  EXPECT_EQ(rowsOf({"b", "abc", "bc"}), Texts{"abc abc0 bc1 b1"});
  EXPECT_EQ(rowsOf({"a", "a"}), Texts{"a a0 a0"});
}

TEST_F(SharedRowsTest, OneEndsAsAnotherBegins) {
  EXPECT_EQ(rowsOf({"dabc", "abce"}), Texts{"dabce dabc0 abce1"});
  EXPECT_EQ(rowsOf({"abce", "dabc"}), Texts{"dabce abce1 dabc0"});
  EXPECT_EQ(rowsOf({"abc", "fa", "cd"}), Texts{"fabcd abc1 fa0 cd3"});
}

TEST_F(SharedRowsTest, TheSameBeginningIsNotEnough) { EXPECT_EQ(rowsOf({"abc", "abd"}), Texts{}); }

TEST_F(SharedRowsTest, AsMuchAsThereIs) { EXPECT_EQ(rowsOf({"abab", "abc"}), Texts{"ababc abab0 abc2"}); }

TEST_F(SharedRowsTest, SeveralRows) { EXPECT_EQ(rowsOf({"ab", "cd", "d", "b"}), (Texts{"ab ab0 b1", "cd cd0 d1"})); }

} // namespace
} // namespace rondo::cpu
