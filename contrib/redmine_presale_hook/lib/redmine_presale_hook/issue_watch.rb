# frozen_string_literal: true

module RedminePresaleHook
  # A ticket was opened, changed or moved.
  module IssueWatch
    extend ActiveSupport::Concern

    included { after_commit :tell_presale_hook, on: [:create, :update] }

    private

    def tell_presale_hook
      RedminePresaleHook.changed(self, [tracker_id, tracker_id_before_last_save].compact)
    end
  end
end
