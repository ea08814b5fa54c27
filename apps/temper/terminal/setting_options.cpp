#include "apps/temper/terminal/setting_options.h"

#include "apps/temper/terminal/console.h"

namespace temper::app {

CLI::Option* add_option(CLI::App& group, const training::Setting& setting) {
  const training::Value usual = setting.read({});
  if (std::holds_alternative<bool>(usual) || setting.option.find('{') != std::string::npos)
    return group.add_flag(setting.option)->description(setting.help);
  CLI::Option* option = group.add_option(setting.option)->description(setting.help)->type_name(setting.type_name);
  constexpr int kMost = 1000;
  const bool list = usual.index() > training::Value(std::string()).index();
  return list ? option->delimiter(',')->expected(1, kMost)->allow_extra_args(false) : option;
}

void set_given(training::Recipe& recipe, const training::Setting& setting, const CLI::Option& option) {
  if (option.count() == 0) return;
  with_option_context(option.get_name(false, false).c_str(), [&] {
    const auto as_its_kind = [&]<class T>(const T&) { return training::Value(option.as<T>()); };
    setting.write(recipe, std::visit(as_its_kind, setting.read({})));
  });
}

}  // namespace temper::app
