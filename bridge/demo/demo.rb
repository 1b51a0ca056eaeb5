# Read by config/additional_environment.rb of the demo's Redmine, and of no other.

require 'date'
require 'time'

# Simulated time. Every `now` of the process is moved by an offset: of the request (header X-Demo-Time, an ISO 8601 moment),
# else of the file config/demo_clock (the epoch seconds that it was when the file was written), else by nothing.
module DemoClock
  KEY = :demo_clock_offset
  KEEP = 0.003

  class << self
    attr_accessor :file

    def offset
      Thread.current.thread_variable_get(KEY) || file_offset
    end

    def at(moment)
      before = Thread.current.thread_variable_get(KEY)
      Thread.current.thread_variable_set(KEY, nil)
      Thread.current.thread_variable_set(KEY, moment - (Time.now - file_offset))
      yield
    ensure
      Thread.current.thread_variable_set(KEY, before)
    end

    private

    def file_offset
      tick = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      @offset, @read = read_offset, tick if @read.nil? || tick - @read > KEEP
      @offset
    end

    def read_offset
      File.open(file) { |io| io.read.to_f - io.mtime.to_f }
    rescue Errno::ENOENT
      0
    end
  end

  module Now
    def now(**options)
      super + DemoClock.offset
    end
  end

  module Today
    def today(*)
      Time.now.to_date
    end
  end

  module DateTimeNow
    def now(*)
      Time.now.to_datetime
    end
  end

  # Takes the header, and adds the Date header that a web server in front of Puma adds.
  class Middleware
    def initialize(app)
      @app = app
    end

    def call(env)
      moment = env['HTTP_X_DEMO_TIME']
      return dated(env) unless moment

      DemoClock.at(Time.iso8601(moment)) { dated(env) }
    end

    private

    def dated(env)
      status, headers, body = @app.call(env)
      headers['Date'] ||= Time.now.httpdate unless ENV['DEMO_NO_DATE']
      [status, headers, body]
    end
  end
end

Time.singleton_class.prepend(DemoClock::Now)
Date.singleton_class.prepend(DemoClock::Today)
DateTime.singleton_class.prepend(DemoClock::DateTimeNow)

# SQLite with several threads, as Rails does it since 7.1 and 8.0:
# - a transaction that reads first and then writes cannot wait for another writer, it fails at once: take the lock at its start;
# - the driver's own waiting keeps Ruby's global lock, so that the thread that has the database cannot go on: wait in Ruby.
module DemoSqlite
  def begin_db_transaction
    log('begin immediate transaction', nil) { @connection.transaction(:immediate) }
  end

  private

  def configure_connection
    super
    @connection.busy_handler do |count|
      sleep(0.002)
      count < 15_000
    end
  end
end
