// The syntax tree: what the grammar of docs/language.md section 1 says, nothing resolved or checked.
//
// Nodes live in the arena of their File and point to one another; names are slices of the source buffer, which the
// SourceMgr keeps. Parentheses are not in the tree; the formatter works on tokens.
#ifndef RONDO_DSL_AST_H
#define RONDO_DSL_AST_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/SMLoc.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rondo::dsl {

using llvm::SMLoc;
using llvm::SMRange;
using llvm::StringRef;

struct Expr;
struct TypeExpr;
struct Cell;

struct Name {
  StringRef text;
  SMRange range;
};

/// `for k in low..high`
struct Family {
  Name variable;
  Expr *low = nullptr;
  Expr *high = nullptr;
  SMRange range;
};

enum class BinaryOp : uint8_t {
  When,
  Fby,
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  MatrixProduct,
  Power,
};
enum class UnaryOp : uint8_t { Negate, Not };
StringRef spelling(BinaryOp op); // "when", "@", ...

struct Argument {
  std::optional<Name> name; // `drop = 0.2`
  Expr *value = nullptr;
};

/// `i` (single) or `low..high`, either end of which may be missing.
struct Subscript {
  Expr *low = nullptr;
  Expr *high = nullptr;
  bool isRange = false;
  SMRange range;
};

struct Expr {
  enum class Kind : uint8_t {
    Name,          // name
    Int,           // intValue
    Real,          // realValue
    Bool,          // boolValue
    If,            // operands: condition, then, else
    Unary,         // unaryOp, operands: x
    Binary,        // binaryOp, operands: left, right
    List,          // operands: elements
    Comprehension, // operands: element; family
    Call,          // operands: callee; arguments
    Index,         // operands: indexed; subscripts
    Member,        // operands: object; name, nameRange
    Prime,         // operands: x
  };
  Kind kind = Kind::Name;
  BinaryOp binaryOp = BinaryOp::Add;
  UnaryOp unaryOp = UnaryOp::Negate;
  bool boolValue = false;
  SMRange range;     // whole expression, outer parentheses not included
  SMRange nameRange; // the name, operator, opening bracket or prime
  StringRef name;
  int64_t intValue = 0;
  double realValue = 0;
  std::vector<Expr *> operands;
  std::vector<Argument> arguments;
  std::vector<Subscript> subscripts;
  std::optional<Family> family;
};

struct TypeExpr {
  enum class Kind : uint8_t { Real, Int, Bool, Cell, Token, List };
  Kind kind = Kind::Real;
  SMRange range;
  Expr *tokens = nullptr;      // of token(K)
  TypeExpr *element = nullptr; // of [T]
  std::vector<Expr *> dims;    // `[n, 3*m]`
};

/// `hidden: int = 256` in the head of a cell or model.
struct Decl {
  Name name;
  TypeExpr *type = nullptr; // null: generic
  Expr *init = nullptr;     // default
};

struct ResultType {
  TypeExpr *type = nullptr;
  std::optional<Name> clock; // `on e`
};

/// `m[k]' : real[n]` on the left of an equation.
struct Lhs {
  Name name;
  Expr *index = nullptr;
  bool prime = false;
  TypeExpr *type = nullptr;
  SMRange range;
};

struct PathElement {
  Name name; // or a number: `layer[0]`, then text is empty
  int64_t index = -1;
};

struct Item {
  enum class Kind : uint8_t { Cell, Equation, Param, State, Input, Output, Loss, Generate, Return };
  Kind kind = Kind::Equation;
  SMRange range;
  SMRange keyword;              // `param`, ... ; of an equation: the first name
  Cell *cell = nullptr;         // Cell
  std::vector<Lhs> lhs;         // Equation
  std::vector<Name> names;      // Param, State, Input: all; Output: one; Loss: none or one;
                                // Generate: the generated input, then the source
  TypeExpr *type = nullptr;     // Param, State, Input
  Expr *value = nullptr;        // Equation, Output (may be null), Loss, Param and State (initial, may be null)
  std::optional<Family> family; // Equation, Param
  std::vector<Name> clocks;     // Input: `on word in sentence`
  std::vector<std::vector<PathElement>> trains; // Loss
  bool next = false;                            // Generate: `generate next`
  std::vector<Argument> arguments;              // Generate
  std::vector<Expr *> results;                  // Return
};

/// A cell, or (isModel) a model: a model's sizes are in `sizes`, it has no inputs list and no results.
struct Cell {
  bool isModel = false;
  Name name;
  std::string doc;       // the `##` comment before it, without the marks
  bool hasSizes = false; // two lists; otherwise the one list is `inputs`
  std::vector<Decl> sizes;
  std::vector<Decl> inputs;
  std::vector<ResultType> results;
  std::vector<Item *> body;
  SMRange range;
  SMLoc openBrace, closeBrace;
};

struct Use {
  std::string path;
  SMRange range; // of the string
};

struct File {
  StringRef text; // the whole source
  std::optional<int64_t> version;
  SMRange versionRange;
  std::string doc; // the `##` comment that opens the file and is followed by an empty line
  std::vector<Use> uses;
  std::vector<Cell *> cells;     // cells and models, in source order
  std::vector<Item *> equations; // top-level static equations
  unsigned buffer = 0;           // of the SourceMgr
  bool isBroken = false;         // errors were reported in it, or what it uses cannot be read

  llvm::SpecificBumpPtrAllocator<Expr> exprs;
  llvm::SpecificBumpPtrAllocator<TypeExpr> types;
  llvm::SpecificBumpPtrAllocator<Item> items;
  llvm::SpecificBumpPtrAllocator<Cell> cellArena;
};

/// Calls `see` with each name that the expression reads.
void forEachName(const Expr &expr, llvm::function_ref<void(StringRef)> see);

} // namespace rondo::dsl
#endif
