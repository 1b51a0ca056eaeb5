# frozen_string_literal: true

require 'securerandom'

module RedminePresaleHook
  # What waits to be told: each ticket once, in order of the changes. Without threads and without a clock: `now` are the seconds of a clock
  # that only goes forward.
  class Outbox
    LIMIT = 1000 # tickets; the bridge's polling finds what had no room
    WINDOW = 0.1 # seconds that a change waits for others of the same ticket: a save with a note and a file is one hint
    PAUSES = [1, 2, 4, 8, 16, 32, 60].freeze # seconds after the first, second… failure in a row, for all tickets: one receiver
    TRIES = 8
    AGE = 600 # seconds; by then the bridge has polled

    # `at` is the moment of the change, as text; `delivery` names what is told: a repeat has the same, a further change another.
    Hint = Struct.new(:id, :at, :delivery, :due, :tries)

    def initialize(limit: LIMIT)
      @limit = limit
      @waiting = {}
      @failures = 0
      @paused_until = 0
    end

    def size
      @waiting.size
    end

    # False when there is no room.
    def put(id, at, now)
      known = @waiting[id]
      return false if known.nil? && size >= @limit

      @waiting[id] = Hint.new(id, at, SecureRandom.uuid, known ? known.due : now + WINDOW, 0)
      true
    end

    # Seconds until the next is due; nil when there is none.
    def wait(now)
      return if @waiting.empty?

      [[first.due, @paused_until].max - now, 0].max
    end

    # The next, if it is due.
    def take(now)
      @waiting.delete(first.id) if wait(now)&.zero?
    end

    # The next, due or not; none when the receiver failed last. For the end of the process.
    def take_now
      @waiting.delete(first.id) if first && @failures.zero?
    end

    def delivered
      @failures = 0
      @paused_until = 0
    end

    # It goes to the end of the line, unless a later change of that ticket already waits; false when it is given up.
    def failed(hint, now)
      @paused_until = now + PAUSES[[@failures, PAUSES.size - 1].min]
      @failures += 1
      hint.tries += 1
      return true if @waiting.key?(hint.id)
      return false if hint.tries >= TRIES || size >= @limit

      @waiting[hint.id] = hint
      true
    end

    # Seconds that telling is paused from now.
    def pause(now)
      [@paused_until - now, 0].max
    end

    # Forget what has waited too long; how many.
    def expire(now)
      before = size
      @waiting.delete_if { |_, hint| now - hint.due > AGE }
      before - size
    end

    private

    def first
      @waiting.each_value.first
    end
  end
end
