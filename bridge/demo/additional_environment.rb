# The demo's Redmine: mails are sent before the request is answered, so that a test knows when all have arrived.
require File.join(config.root, 'config', 'demo.rb')
DemoClock.file = ENV.fetch('DEMO_CLOCK')
config.middleware.insert_before 0, DemoClock::Middleware
config.active_job.queue_adapter = :inline
config.log_level = :info
if ENV['DEMO_DATABASE'] == 'sqlite'
  initializer 'demo.sqlite' do
    ActiveSupport.on_load(:active_record) do
      require 'active_record/connection_adapters/sqlite3_adapter'
      ActiveRecord::ConnectionAdapters::SQLite3Adapter.prepend(DemoSqlite)
    end
  end
end
