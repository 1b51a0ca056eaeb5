# frozen_string_literal: true

# Without Redmine: ruby test/courier_test.rb
require 'json'
require 'logger'
require 'minitest/autorun'
require 'stringio'
require_relative '../lib/redmine_presale_hook/outbox'
require_relative '../lib/redmine_presale_hook/courier'

module Rails
  LOG = StringIO.new
  def self.logger
    @logger ||= Logger.new(LOG)
  end
end

class CourierTest < Minitest::Test
  Courier = RedminePresaleHook::Courier

  # Answers in turn with statuses, or raises; tells which tickets it was asked for.
  class Receiver
    def initialize(*answers)
      @answers = answers
      @asked = Queue.new
    end

    def post(hint)
      @asked << hint.id
      answer = @answers.shift || 200
      answer.is_a?(Integer) ? answer : raise(answer)
    end

    def asked(count)
      Array.new(count) { @asked.pop }
    end

    def to_s
      'receiver'
    end
  end

  # Keeps whoever asks until it is let go.
  class Busy < Receiver
    def initialize
      super
      @gate = Queue.new
    end

    def post(hint)
      super.tap { @gate.pop }
    end

    def let_go
      @gate.close
    end
  end

  def courier(limit: 100)
    @log = StringIO.new
    Courier.new(RedminePresaleHook::Outbox.new(limit: limit), logger: Logger.new(@log))
  end

  def test_telling_never_waits_for_a_receiver_that_is_busy
    teller = courier
    receiver = Busy.new
    teller.tell(1, receiver)
    assert_equal [1], receiver.asked(1)
    50.times { |n| teller.tell(2 + n, receiver) } # returns although the first is still being told
    receiver.let_go
    assert_equal (2..51).to_a, receiver.asked(50)
  end

  def test_a_full_box_drops_with_a_line_in_the_log
    teller = courier(limit: 2)
    receiver = Busy.new
    teller.tell(1, receiver)
    receiver.asked(1)
    (2..4).each { |id| teller.tell(id, receiver) }
    receiver.let_go
    assert_equal [2, 3], receiver.asked(2)
    assert_match(/no room for ticket 4, 2 wait already/, @log.string)
  end

  def test_errors_of_the_network_and_of_the_receiver_are_tried_again
    receiver = Receiver.new(Errno::ECONNREFUSED, 503)
    courier.tell(1, receiver)
    assert_equal [1, 1, 1], receiver.asked(3)
  end

  def test_a_refusal_is_not_tried_again
    teller = courier
    receiver = Receiver.new(401)
    teller.tell(1, receiver)
    teller.tell(2, receiver)
    assert_equal [1, 2], receiver.asked(2)
    teller.close
    assert_match(/receiver refuses ticket 1 with HTTP 401/, @log.string)
  end

  def test_what_waits_goes_to_the_latest_target
    teller = courier
    old = Receiver.new(500)
    new = Receiver.new
    teller.tell(1, old)
    old.asked(1)
    teller.tell(2, new)
    assert_equal [1, 2], new.asked(2).sort
  end

  def test_the_next_hint_starts_the_thread_anew_after_a_fault_of_its_own
    outbox = RedminePresaleHook::Outbox.new
    def outbox.expire(now)
      (@calls = @calls.to_i + 1) == 1 ? raise('broken') : super
    end
    log = StringIO.new
    teller = Courier.new(outbox, logger: Logger.new(log))
    receiver = Receiver.new
    teller.tell(1, receiver)
    Thread.pass until log.string.include?('RuntimeError in the thread')
    Thread.pass while teller.instance_variable_get(:@thread).alive?
    teller.tell(2, receiver)
    assert_equal [1, 2], receiver.asked(2)
  end

  def test_the_end_of_a_process_tells_what_is_not_due
    teller = courier
    receiver = Receiver.new
    (1..5).each { |id| teller.tell(id, receiver) }
    teller.close
    assert_equal [1, 2, 3, 4, 5], receiver.asked(5)
  end

  def test_a_fork_has_a_courier_of_its_own
    ours = Courier.current
    receiver = Receiver.new
    ours.tell(1, receiver)
    receiver.asked(1)
    read, write = IO.pipe
    child = fork { in_a_fork(ours, write) }
    write.close
    Process.wait(child)
    assert_equal %w[2 another], read.read.split.sort
    assert_same ours, Courier.current
  end

  private

  def in_a_fork(parents, write)
    target = Object.new
    target.define_singleton_method(:post) { |hint| write.puts(hint.id) || 200 }
    write.puts('another') unless Courier.current.equal?(parents)
    Courier.current.tell(2, target)
    Courier.current.close
    exit!
  end
end
