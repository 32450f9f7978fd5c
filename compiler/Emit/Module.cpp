#include "compiler/Emit/Module.h"
#include "compiler/Emit/Exports.h"
#include "compiler/Emit/InitTable.h"
#include "runtime/Library.h"
#include "runtime/Lines.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace rondo::emit {

namespace {

class Builder {
public:
  Builder(const Content &content, LLVMContext &context)
      : content(content), context(context), module(std::make_unique<Module>("library", context)),
        i32(Type::getInt32Ty(context)), i64(Type::getInt64Ty(context)), pointer(PointerType::get(context, 0)) {}

  std::unique_ptr<Module> build() {
    module->setTargetTriple(Triple(tripleOf(content.codes.front().target->arch)));
    module->setPICLevel(PICLevel::BigPIC);
    library = buildLibrary();
    for (const Export &function : exports(content.interface))
      buildFunction(function);
    return std::move(module);
  }

private:
  Constant *word(int64_t value) { return ConstantInt::getSigned(i64, value); }
  Constant *half(int32_t value) { return ConstantInt::getSigned(i32, value); }

  /// Constant data; with pointers in it the loader fills it in once.
  GlobalVariable *data(const Twine &name, Constant *value, uint64_t alignment) {
    auto *global =
        new GlobalVariable(*module, value->getType(), /*isConstant=*/true, GlobalValue::PrivateLinkage, value, name);
    global->setAlignment(Align(alignment));
    return global;
  }
  GlobalVariable *bytes(const Twine &name, StringRef text, uint64_t alignment) {
    return data(name, ConstantDataArray::getString(context, text, /*AddNull=*/false), alignment);
  }

  template <typename T> GlobalVariable *items(const Twine &name, const std::vector<T> &list) {
    return bytes(name, StringRef(reinterpret_cast<const char *>(list.data()), list.size() * sizeof(T)), 8);
  }

  GlobalVariable *text(const Twine &name, StringRef text) {
    return data(name, ConstantDataArray::getString(context, text), 1);
  }

  Constant *kernelTable(const Code &code) {
    auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, i64, i64, i64, i64}, /*isVarArg=*/false);
    std::vector<Constant *> kernels;
    for (const std::string &name : code.kernels) {
      auto *kernel = cast<Function>(module->getOrInsertFunction(name, type).getCallee());
      kernel->setVisibility(GlobalValue::HiddenVisibility);
      kernels.push_back(kernel);
    }
    return data("kernels." + code.target->name, ConstantArray::get(ArrayType::get(pointer, kernels.size()), kernels),
                8);
  }

  static bool uses(const Code &code, runtime::LineCode line) {
    return any_of(
        ArrayRef<StringRef>{code.plan, code.step, code.generate, code.backward, code.window, code.windowBackward},
        [&](StringRef bytes) {
          auto *plan = reinterpret_cast<const runtime::Plan *>(bytes.data());
          return !bytes.empty() && any_of(ArrayRef(plan->ops.begin(plan), plan->ops.count),
                                          [&](const auto &op) { return runtime::uses(op.code, line); });
        });
  }

  /// What the model does to lines, as runtime::Lines; null if that is nothing for which there is vector code. `level`: of
  /// machines that have tiles, the function for them too.
  Constant *lineTable(const Code &code, int32_t level) {
    auto *type = FunctionType::get(i32, {pointer, pointer, pointer}, /*isVarArg=*/false); // only its address counts
    auto *none = ConstantPointerNull::get(PointerType::get(context, 0));
    std::vector<Constant *> functions(runtime::lineCodes, none);
    auto use = [&](int32_t line) {
      StringRef machine = code.target->name.split('+').first;
      std::string name = (Twine("rondo.") + runtime::nameOf(runtime::LineCode(line)) + "." + machine).str();
      auto *function = cast<Function>(module->getOrInsertFunction(name, type).getCallee());
      function->setVisibility(GlobalValue::HiddenVisibility);
      functions[line] = function;
    };
    for (int32_t line = 0; line < runtime::lineCodes; ++line)
      if (!code.backward.empty() && runtime::isOfOptimisers(runtime::LineCode(line)))
        use(line);
    for (int32_t line = 0; line < runtime::lineCodes; ++line)
      if (uses(code, runtime::LineCode(line)) &&
          (runtime::LineCode(line) != runtime::LineCode::Tiles || level == runtime::levelOfTiles))
        use(line);
    if (all_of(functions, [&](Constant *function) { return function == none; }))
      return none;
    return data("lines." + code.target->name, ConstantArray::get(ArrayType::get(pointer, functions.size()), functions),
                8);
  }

  /// The words of runtime::Library, see runtime/Library.h.
  GlobalVariable *buildLibrary() {
    std::vector<Constant *> codes;
    for (const Code &code : content.codes) {
      GlobalVariable *plan = bytes("plan." + code.target->name, code.plan, 64);
      auto planOrNull = [&, target = code.target](StringRef kind, StringRef plan) -> Constant * {
        if (plan.empty())
          return ConstantPointerNull::get(PointerType::get(context, 0));
        return bytes(kind + target->name, plan, 64);
      };
      GlobalVariable *target = text("target", code.target->name);
      Constant *kernels = kernelTable(code), *step = planOrNull("step.", code.step),
               *generate = planOrNull("generate.", code.generate), *backward = planOrNull("backward.", code.backward),
               *window = planOrNull("window.", code.window),
               *windowBackward = planOrNull("window.backward.", code.windowBackward);
      auto addCode = [&](int32_t level) {
        codes.push_back(
            ConstantStruct::getAnon({half(level), half(codes.size()), word(code.identity), target, plan, kernels,
                                     lineTable(code, level), step, generate, backward, window, windowBackward}));
      };
      // The same kernels serve machines that have tiles for what is done to lines.
      if (code.target->level == 4 && content.codes.front().target->level < runtime::levelOfTiles &&
          uses(code, runtime::LineCode::Tiles))
        addCode(runtime::levelOfTiles);
      addCode(code.target->level);
    }
    auto *table = data("codes", ConstantArray::get(ArrayType::get(codes.front()->getType(), codes.size()), codes), 8);
    InitTables tables = initTables(content.interface);
    ParameterTables parameters = parameterTables(content.interface);
    return data("library",
                ConstantStruct::getAnon(
                    {table, word(codes.size()), text("manifest", content.manifest),
                     word(content.interface.parameterBytes), word(content.preparedBytes), word(content.checkpoint),
                     items("init", tables.plans), word(tables.plans.size()), bytes("init.data", tables.data, 8),
                     items("parameters", parameters.plans), word(parameters.plans.size()),
                     items("parameters.sizes", parameters.sizes), bytes("parameters.text", parameters.text, 1)}),
                8);
  }

  Type *typeOf(char code) {
    return code == 'p' ? pointer : code == 'l' ? i64 : code == 'i' ? i32 : Type::getVoidTy(context);
  }

  void buildFunction(const Export &function) {
    std::vector<Type *> types;
    for (char code : function.signature.drop_front())
      types.push_back(typeOf(code));
    Type *result = typeOf(function.signature.front());
    auto *exported =
        Function::Create(FunctionType::get(result, types, /*isVarArg=*/false), GlobalValue::ExternalLinkage,
                         content.interface.prefix + "_" + function.name, *module);
    exported->addFnAttr(Attribute::NoUnwind);
    std::vector<Value *> arguments = {library};
    types.insert(types.begin(), pointer);
    for (Argument &argument : exported->args())
      arguments.push_back(&argument);
    FunctionCallee entry =
        module->getOrInsertFunction(function.entry, FunctionType::get(result, types, /*isVarArg=*/false));
    cast<Function>(entry.getCallee())->setVisibility(GlobalValue::HiddenVisibility);
    IRBuilder<> builder(BasicBlock::Create(context, "", exported));
    CallInst *call = builder.CreateCall(entry, arguments);
    call->setTailCall();
    if (result->isVoidTy())
      builder.CreateRetVoid();
    else
      builder.CreateRet(call);
  }

  const Content &content;
  LLVMContext &context;
  std::unique_ptr<Module> module;
  Type *i32, *i64, *pointer;
  GlobalVariable *library = nullptr;
};

} // namespace

std::unique_ptr<llvm::Module> libraryModule(const Content &content, llvm::LLVMContext &context) {
  return Builder(content, context).build();
}

} // namespace rondo::emit
