using ImgAlign.Detectors;

namespace ImgAlign.Tests.Detectors;

public class QuestionsTests
{
    [Fact]
    public void There_are_more_than_sixty_different_templates_with_one_place_for_the_prompt()
    {
        Assert.True(Questions.Templates.Count > 60);
        Assert.Equal(Questions.Templates.Count, Questions.Templates.Distinct().Count());
        Assert.All(Questions.Templates, template => Assert.Equal(2, template.Split(Questions.Placeholder).Length));
    }

    [Fact]
    public void Seeds_and_rounds_reach_every_template_evenly()
    {
        var bySeed = Enumerable.Range(0, 64_000).CountBy(seed => Questions.Draw(seed)).ToDictionary();
        Assert.Equal(Questions.Templates.Count, bySeed.Count);
        Assert.All(bySeed.Values, count => Assert.InRange(count, 800, 1200));
        Assert.True(Enumerable.Range(1, 20).Select(round => Questions.Draw(7, round)).Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(0, 1, 56)]
    [InlineData(1, 1, 36)]
    [InlineData(-1, 2, 58)]
    [InlineData(long.MaxValue, 3, 59)]
    public void A_seed_draws_the_same_everywhere(long seed, int round, int index) =>
        Assert.Equal(index, Questions.Templates.ToList().IndexOf(Questions.Draw(seed, round)));

    [Fact]
    public void The_prompt_is_put_in_as_it_is() =>
        Assert.Equal("How: {0} {prompt} $1 \\n?", Questions.Ask("How: {prompt}?", "{0} {prompt} $1 \\n"));

    [Fact]
    public void A_question_without_a_place_for_the_prompt_is_refused() =>
        Assert.Contains(
            "{prompt}",
            Assert.Throws<InvalidRequestException>(() => Questions.Ask("How?", "a cat")).Message,
            StringComparison.Ordinal
        );
}
