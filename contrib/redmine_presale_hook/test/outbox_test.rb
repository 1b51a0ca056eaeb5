# frozen_string_literal: true

# Without Redmine: ruby test/outbox_test.rb
require 'minitest/autorun'
require_relative '../lib/redmine_presale_hook/outbox'

class OutboxTest < Minitest::Test
  Outbox = RedminePresaleHook::Outbox
  LATER = Outbox::WINDOW

  def setup
    @box = Outbox.new(limit: 3)
  end

  def test_a_hint_is_due_after_the_window
    @box.put(1, 'a', 100)
    assert_nil @box.take(100)
    assert_in_delta LATER, @box.wait(100)
    assert_equal 1, @box.take(100 + LATER).id
    assert_nil @box.wait(200)
  end

  def test_changes_of_a_ticket_become_one_hint_with_a_new_name
    @box.put(1, 'a', 100)
    named = @box.take(100 + LATER).delivery
    2.times { |n| @box.put(1, "b#{n}", 101 + n) }
    hint = @box.take(103)
    assert_equal 'b1', hint.at
    refute_equal named, hint.delivery
    assert_equal 0, @box.size
  end

  def test_steady_changes_do_not_put_a_hint_off
    10.times { |n| @box.put(1, 'a', 100 + n * LATER / 2) }
    assert_equal 1, @box.take(100 + LATER).id
  end

  def test_tickets_are_told_in_order_of_their_changes
    [3, 1, 2].each { |id| @box.put(id, 'a', 100) }
    assert_equal [3, 1, 2], Array.new(3) { @box.take(101).id }
  end

  def test_a_full_box_takes_no_further_ticket_but_further_changes
    assert((1..3).all? { |id| @box.put(id, 'a', 100) })
    refute @box.put(4, 'a', 100)
    assert @box.put(2, 'b', 100)
    assert_equal 3, @box.size
  end

  def test_a_failure_pauses_everything_ever_longer
    2.times { |id| @box.put(id, 'a', 100) }
    pauses = Array.new(8) do
      hint = @box.take(now = 200 + @box.wait(200))
      @box.failed(hint, now)
      @box.pause(now)
    end
    assert_equal [1, 2, 4, 8, 16, 32, 60, 60], pauses
  end

  def test_a_failed_hint_goes_to_the_end_of_the_line_under_its_name
    2.times { |id| @box.put(id, 'a', 100) }
    failed = @box.take(101)
    @box.failed(failed, 101)
    @box.put(3, 'a', 101)
    assert_equal [1, 0, 3], Array.new(3) { @box.take(110)&.id }
    assert_equal 1, failed.tries
  end

  def test_a_success_ends_the_pause
    @box.put(1, 'a', 100)
    @box.failed(@box.take(101), 101)
    @box.delivered
    assert_equal 0, @box.wait(101)
  end

  def test_a_hint_is_given_up_after_some_tries
    @box.put(1, 'a', 100)
    kept = Array.new(Outbox::TRIES) { |n| @box.failed(@box.take(1000 * (n + 1)), 1000 * (n + 1)) }
    assert_equal [true] * (Outbox::TRIES - 1) + [false], kept
    assert_equal 0, @box.size
  end

  def test_a_later_change_takes_the_place_of_a_failed_hint
    @box.put(1, 'a', 100)
    failed = @box.take(101)
    @box.put(1, 'b', 101)
    assert @box.failed(failed, 101)
    assert_equal 1, @box.size
    assert_equal 'b', @box.take(200).at
  end

  def test_a_failed_hint_finds_no_room_in_a_full_box
    @box.put(1, 'a', 100)
    failed = @box.take(101)
    (2..4).each { |id| @box.put(id, 'a', 101) }
    refute @box.failed(failed, 101)
    assert_equal 3, @box.size
  end

  def test_what_waited_too_long_is_forgotten
    @box.put(1, 'a', 0)
    @box.put(2, 'a', 500)
    assert_equal 1, @box.expire(Outbox::AGE + 1)
    assert_equal 2, @box.take(Outbox::AGE + 1).id
  end

  def test_at_the_end_of_the_process_what_is_not_due_is_told_unless_the_receiver_fails
    2.times { |id| @box.put(id, 'a', 100) }
    hint = @box.take_now
    assert_equal 0, hint.id
    @box.failed(hint, 100)
    assert_nil @box.take_now
  end
end
