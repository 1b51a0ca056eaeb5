# Fills an empty Redmine with a vendor's cabinet: departments, customers, the presale tracker, and the bridge's account.
# Run once per template: `rails runner seed.rb`. API keys and passwords are set afterwards, anew for every copy.

Mailer.perform_deliveries = false
Redmine::DefaultData::Loader.load('ru') if Redmine::DefaultData::Loader.no_data?

{
  'rest_api_enabled' => '1',
  'issue_group_assignment' => '1', # departments are groups, and tickets are assigned to them
  'text_formatting' => 'textile',
  'default_language' => 'ru',
  'login_required' => '1',
  'self_registration' => '0',
  'default_notification_option' => 'only_my_events',
  'default_users_time_zone' => 'Moscow',
  'default_users_hide_mail' => '1', # Redmine's default: members do not see each other's addresses
  'mail_from' => 'cabinet@vendor.example',
  'plain_text_mail' => '1', # the HTML part takes Redmine most of the time of a write
  'app_title' => 'Личный кабинет',
  'per_page_options' => '25,50,100',
  'attachment_max_size' => '5120',
}.each { |name, value| Setting[name] = value }

# --- statuses, trackers, fields ---------------------------------------------------------------------------------------

['Ожидание ответа', 'Согласование', 'Согласовано', 'Не согласовано'].each do |name|
  IssueStatus.create!(name: name, is_closed: false)
end
IssueStatus.find_by(name: 'Нужен отклик')&.update!(name: 'Обратная связь') # as Redmine's Russian called it elsewhere
statuses = IssueStatus.sorted.to_a
new_status = IssueStatus.find_by!(name: 'Новая')

bug = Tracker.find_by!(name: 'Ошибка')
presale = Tracker.create!(name: 'ТехП Пресейл', default_status: new_status)
trackers = [presale, bug]

products = ['Альт Рабочая станция', 'Альт Сервер', 'Альт Образование', 'Альт СП', 'Simply Linux', 'Альт Виртуализация']
[
  { name: 'Сведения о системе', field_format: 'text' },
  { name: 'Информация об обновлении', # the policy's «Информация об обновлении системы»: Redmine allows 30 characters
    field_format: 'text' },
  { name: 'Организация', field_format: 'string' },
  { name: 'Продукт', field_format: 'list', possible_values: products },
  { name: 'Отдел', field_format: 'string' },
].each do |attributes|
  IssueCustomField.create!(attributes.merge(is_for_all: true, is_filter: true, searchable: true, trackers: [presale]))
end
mail_fields = ['Имя отправителя', 'Адрес отправителя'].map do |name|
  IssueCustomField.create!(name: name, field_format: 'string', is_for_all: false, is_filter: true, searchable: true, trackers: [presale])
end

# --- roles ------------------------------------------------------------------------------------------------------------

# Least rights of the bridge. `view_members` and `view_project` are public: every role has them. Where it takes in mail it opens tickets, too:
# that is a role of its own, in the project for mail alone.
BRIDGE = %i[
  view_issues
  edit_issues
  add_issue_notes
  edit_own_issue_notes
  view_private_notes
  set_notes_private
  view_issue_watchers
  add_issue_watchers
].freeze
# view_issues          lists, tickets, journals, trackers and fields of a project (issues_visibility: all)
# edit_issues          status, assignee, category, due date, priority, custom fields
# add_issue_notes      public notes
# edit_own_issue_notes blanking a note that came out public by mistake (W2)
# view_private_notes   reading back its own private notes, and what staff say among themselves
# set_notes_private    without it, a note meant to be private comes out public, and REST answers 204 all the same
# view_issue_watchers  is the lead a watcher already (M2)
# add_issue_watchers   making the lead a watcher (M2)
# Not needed: add_issues (only where the bridge takes in mail), manage_members, move or delete rights, administrator's rights.

STAFF = %i[
  view_issues add_issues edit_issues add_issue_notes edit_own_issue_notes view_private_notes set_notes_private
  view_issue_watchers add_issue_watchers delete_issue_watchers manage_issue_relations save_queries copy_issues
].freeze
LEAD = (STAFF + %i[edit_issue_notes delete_issues manage_categories manage_public_queries]).freeze
CUSTOMER = %i[view_issues add_issues add_issue_notes].freeze

def role(name, permissions, **attributes)
  Role.create!({ name: name, permissions: permissions, assignable: true, issues_visibility: 'all',
                 users_visibility: 'all', time_entries_visibility: 'all' }.merge(attributes))
end

customer = role('Клиент', CUSTOMER, assignable: false, issues_visibility: 'own', users_visibility: 'members_of_visible_projects')
engineer = role('Инженер пресейла', STAFF)
specialist = role('Инженер отдела', STAFF)
sales = role('Менеджер продаж', STAFF)
lead = role('Руководитель', LEAD)
bridge_role = role('Мост', BRIDGE, assignable: false)
mail_role = role('Мост: почта', %i[add_issues], assignable: false)

# Everybody but customers may go from any status to any other; customers have no transitions at all.
rows = [engineer, specialist, sales, lead, bridge_role].product(trackers, statuses, statuses).filter_map do |who, tracker, from, to|
  next if from == to

  { role_id: who.id, tracker_id: tracker.id, old_status_id: from.id, new_status_id: to.id, type: 'WorkflowTransition',
    assignee: false, author: false }
end
rows.each_slice(500) { |slice| WorkflowTransition.insert_all(slice) }

# --- people -----------------------------------------------------------------------------------------------------------

def person(login, first, last, mail, **attributes)
  user = User.new({ firstname: first, lastname: last, mail: mail, language: 'ru', status: User::STATUS_ACTIVE,
                    mail_notification: 'only_my_events' }.merge(attributes))
  user.login = login
  user.password = user.password_confirmation = SecureRandom.hex(16)
  user.save!
  user
end

def staff(login, first, last)
  person(login, first, last, "#{login}@vendor.example")
end

admin = User.find_by!(login: 'admin')
admin.mail_notification = 'none'
admin.must_change_passwd = false
admin.save!

departments = {
  'Пресейл' => [engineer, [%w[ivanov Иван Иванов], %w[petrova Полина Петрова], %w[sidorov Семён Сидоров], %w[orlova Ольга Орлова]]],
  'Отдел продаж' => [sales, [%w[kuznetsov Кирилл Кузнецов], %w[smirnova Софья Смирнова], %w[vasiliev Василий Васильев], %w[volkov Виктор Волков]]],
  'Лаборатория совместимости' => [specialist, [%w[lebedev Леонид Лебедев], %w[egorova Елена Егорова], %w[zaitsev Захар Зайцев]]],
  'Базовая техническая поддержка' => [specialist, [%w[morozov Максим Морозов], %w[pavlova Прасковья Павлова], %w[fedorov Фёдор Фёдоров]]],
  'Отдел партнёров' => [specialist, [%w[novikov Николай Новиков], %w[romanova Раиса Романова], %w[belov Борис Белов]]],
  'Отдел разработки' => [specialist, [%w[gusev Глеб Гусев], %w[titova Тамара Титова], %w[komarov Константин Комаров]]],
}
groups = departments.to_h do |name, (group_role, people)|
  group = Group.create!(lastname: name)
  people.each { |login, first, last| group.users << staff(login, first, last) }
  [group, group_role]
end
leads = %w[orlova volkov].map { |login| User.find_by!(login: login) }
bridge = person('presale-bridge', 'Пресейл', 'Мост', 'presale-bridge@vendor.example', mail_notification: 'none')

# --- projects ---------------------------------------------------------------------------------------------------------

def project(name, identifier, trackers, parent: nil)
  found = Project.new(name: name, is_public: false, inherit_members: !parent.nil?)
  found.identifier = identifier
  found.enabled_module_names = %w[issue_tracking]
  found.trackers = trackers
  found.save!
  found.set_parent!(parent) if parent
  found.reload
end

def member(project, principal, *roles)
  Member.create!(project: project, principal: principal, roles: roles)
end

def categories(project)
  %w[Установка Совместимость Оборудование].each { |name| project.issue_categories.create!(name: name) }
end

clients = project('Клиенты', 'clients', trackers)
internal = project('Внутренние заявки', 'internal', trackers) # customers do not see what is moved here (R2)
by_mail = project('Пресейл по почте', 'presale-mail', trackers) # tickets of people without an account; only staff see it
by_mail.issue_custom_fields = mail_fields
[clients, internal, by_mail].each do |root|
  groups.each { |group, group_role| member(root, group, group_role) }
  leads.each { |user| (Member.find_by(project: root, principal: user) || Member.new(project: root, principal: user)).tap { |m| m.roles |= [lead]; m.save! } }
  member(root, bridge, *[bridge_role, (mail_role if root == by_mail)].compact)
  categories(root)
end

CUSTOMERS = [
  ['Завод «Прогресс»', %w[Анна Абрамова], %w[Артём Антонов]], ['Гимназия № 7', %w[Борис Быков]],
  ['Областная больница', %w[Вера Виноградова], %w[Валерий Власов]], ['НПО «Сигнал»', %w[Галина Громова]],
  ['Банк «Надежда»', %w[Дмитрий Дьяков], %w[Дарья Дорохова]], ['Администрация Заречья', %w[Евгений Ершов]],
  ['ООО «Интегратор»', %w[Жанна Жукова], %w[Жорж Журавлёв]], ['Технический университет', %w[Зоя Зуева]],
  ['Музей связи', %w[Игорь Ильин]], ['Энергосбыт', %w[Кира Калинина], %w[Карп Кононов]],
  ['Северные дороги', %w[Лев Логинов]], ['Институт физики', %w[Мария Макарова], %w[Матвей Мельников]],
  ['Водоканал', %w[Нина Никитина]], ['Типография «Литера»', %w[Олег Осипов]],
  ['Верфь', %w[Павел Панов], %w[Пелагея Прохорова]], ['Колледж информатики', %w[Рита Рыбакова]],
  ['Аэропорт «Южный»', %w[Сергей Соболев]], ['Страховой дом', %w[Таисия Тарасова], %w[Тимур Тихонов]],
  ['Фабрика мебели', %w[Ульяна Ушакова]], ['ТОО «Степь»', %w[Юрий Юдин]]
].freeze

CUSTOMERS.each.with_index(1) do |(name, *people), number|
  code = format('customer-%02d', number)
  home = project(name, code, trackers, parent: clients)
  categories(home)
  people.each.with_index(1) do |(first, last), which|
    user = person("#{code}-#{which}", first, last, "user#{which}@#{code}.example")
    user.update!(language: 'en') if number == 20 # one customer reads English
    member(home, user, customer)
  end
end
puts "seeded: #{User.active.count} users, #{Project.count} projects"
