# frozen_string_literal: true

require 'time'

module RedminePresaleHook
  # One thread per process that tells what is in the outbox. It starts with the first hint: a server's forked workers have threads of their own.
  class Courier
    FAREWELL = 3 # seconds that a process that ends (a rake task that has read mails, say) waits for its last hints
    AGAIN = [408, 425, 429].freeze # besides 5xx; any other status but success will not change by asking again
    CURRENT = Mutex.new
    private_constant :CURRENT

    # The one of this process; a fork has none of its parent's threads and leaves its parent's hints to it.
    def self.current
      CURRENT.synchronize do
        @current = new unless @current&.here?
        @current
      end
    end

    def initialize(outbox = Outbox.new, logger: Rails.logger)
      @outbox = outbox
      @logger = logger
      @pid = Process.pid
      @lock = Mutex.new
      @wake = ConditionVariable.new
      @closing = false
    end

    def here?
      @pid == Process.pid
    end

    # Takes note of it and returns at once. Whatever waits goes to the latest target.
    def tell(id, target)
      taken = @lock.synchronize do
        @target = target
        start unless @thread&.alive?
        @outbox.put(id, Time.now.utc.iso8601(3), now).tap { @wake.signal }
      end
      warn("no room for ticket #{id}, #{@outbox.size} wait already") unless taken
    end

    # The process ends: tell what is left until it is told, the receiver fails, or patience ends.
    def close(patience = FAREWELL)
      return unless here? && @thread&.alive?

      @lock.synchronize do
        @closing = true
        @wake.signal
      end
      @thread.join(patience)
      warn("#{@outbox.size} tickets are not told: the process ends") if @outbox.size.positive?
    end

    private

    def start
      at_exit { close } unless @thread
      @thread = Thread.new { work }
      @thread.name = 'presale-hook'
    end

    def work
      while (hint, target = following)
        deliver(hint, target)
      end
    rescue StandardError => e # the next hint starts another thread
      warn("#{e.class} in the thread: #{e.backtrace.first}")
    end

    # The next hint and where to tell it, as soon as it is due; nil when the process ends.
    def following
      @lock.synchronize do
        loop do
          forget_old
          hint = @closing ? @outbox.take_now : @outbox.take(now)
          return [hint, @target] if hint
          return if @closing

          @wake.wait(@lock, @outbox.wait(now))
        end
      end
    end

    def deliver(hint, target)
      status = target.post(hint)
      return @lock.synchronize { @outbox.delivered } if status.between?(200, 299)
      return failed(hint, target, "HTTP #{status}") if status >= 500 || AGAIN.include?(status)

      warn("#{target} refuses ticket #{hint.id} with HTTP #{status}; see the plugin's address and secret")
    rescue StandardError => e # whatever a network can do
      failed(hint, target, "#{e.class}: #{e.message}".tr("\n", ' ')[0, 200])
    end

    def failed(hint, target, why)
      kept, pause, size = @lock.synchronize { [@outbox.failed(hint, now), @outbox.pause(now), @outbox.size] }
      again = kept ? "#{size} wait, again in #{pause.ceil} s" : "ticket #{hint.id} is given up"
      warn("#{target} does not take ticket #{hint.id} (#{why}); #{again}")
    end

    def forget_old
      count = @outbox.expire(now)
      warn("#{count} tickets are forgotten: told in vain for #{Outbox::AGE} s") if count.positive?
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def warn(text)
      @logger.warn("presale hook: #{text}")
    end
  end
end
