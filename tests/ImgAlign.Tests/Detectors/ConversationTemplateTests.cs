using ImgAlign.Detectors;

namespace ImgAlign.Tests.Detectors;

/// <summary>The texts themselves are in the golden cases of kind <c>tokenize-llava</c>.</summary>
public class ConversationTemplateTests
{
    [Fact]
    public void Templates_are_found_by_name()
    {
        foreach (var template in ConversationTemplate.All)
            Assert.Same(template, ConversationTemplate.ByName(template.Name));
        Assert.Contains(
            "llava_v0, llava_v1, vicuna_v1",
            Assert.Throws<ImgAlignException>(() => ConversationTemplate.ByName("v0")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Braces_in_a_question_have_no_meaning() =>
        Assert.EndsWith(
            " USER: <image>\n{0} {prompt} ASSISTANT:",
            ConversationTemplate.VicunaV1.Render("{0} {prompt}"),
            StringComparison.Ordinal
        );
}
