# frozen_string_literal: true

module RedminePresaleHook
  # A note was written, edited or taken back; editing one does not touch its ticket.
  module JournalWatch
    extend ActiveSupport::Concern

    included { after_commit :tell_presale_hook }

    private

    def tell_presale_hook
      RedminePresaleHook.changed(journalized) if journalized.is_a?(Issue) && !journalized.destroyed?
    end
  end
end
